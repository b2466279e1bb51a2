"""Candidates among which each method is tuned: as many for one as for another, and a second round.

Names are those of the settings of a run, as for ``run --set``; the first candidate, ``{}``, is the
defaults. The others are points that the authors published (logs, scripts and configurations of
their code), or, marked [D], points of our own: where no range of theirs could be read, or where
it ends above what data of some hundred users bears. Contrast as heavy as on millions of
interactions drowns the ranking there, so contrastive methods are offered lighter weights.

A second round has one or two candidates more, never more for LLMHNI than for a baseline.

Three are not tuned: their ranking does not depend on their options, so validation cannot choose.
``text-only`` and ``cleanlab`` only look, and rank as the plain backbone does; ``random-edits`` is a
control whose options are the counts of the graph that it is compared with.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, TypeAlias

from core.method_options import OptionValue

Candidate: TypeAlias = Mapping[str, OptionValue]
N_CANDIDATES: Final = 4
"""Candidates of every method that is tuned, without those of :data:`SECOND_ROUND`."""
NOT_TUNED: Final = frozenset({"text-only", "cleanlab", "random-edits"})
"""Methods with the one candidate ``{}``."""


def _options(**values: OptionValue) -> Candidate:
    return MappingProxyType({f"method_options.{name}": value for name, value in values.items()})


def _train(**values: OptionValue) -> Candidate:
    return MappingProxyType({f"train.{name}": value for name, value in values.items()})


def _patient(**values: OptionValue) -> Candidate:
    """Options of a method, and a training that has all of its epochs.

    Noise on every layer makes recall fall for dozens of epochs before it rises for good: who stops
    after five evaluations without a gain stops in the dip.
    """
    return MappingProxyType({**_options(**values), **_train(patience=24)})


DEFAULTS: Final[Candidate] = MappingProxyType({})
_PLAIN: Final = (
    DEFAULTS,
    _train(weight_decay=1e-4),
    _train(weight_decay=1e-3),
    _train(learning_rate=1e-3),
)
"""Decay 1e-4 and step size 1e-3 are LightGCN's (SIGIR 2020); decay 1e-3 [D]."""
_TRUNCATED: Final = (
    DEFAULTS,
    _options(drop_share=0.05),
    _options(drop_share=0.2),
    _options(drop_share=0.2, ramp_steps=3000),
)
"""eps_max 0.05, 0.1, 0.2 and eps_N 1,000, 3,000, 30,000: logs of the authors' code."""
_REWEIGHTED: Final = (DEFAULTS, _options(alpha=0.3), _options(alpha=0.1), _options(alpha=0.5))
"""0.2, 0.25, 0.3: logs of the authors' code; 0.1 and 0.5 [D]."""
_SGL: Final = (
    DEFAULTS,
    _options(weight=0.05),
    _options(weight=0.01),
    _options(weight=0.005),
)
"""Weight 0.1 and 0.5: configuration and log of the authors' code; lighter ones [D]."""

HEAVIER: Final = 3e-3
"""Weight decay of the second round: what plain BPR of some hundred users gains most by."""


def _heavier(first: Candidate = DEFAULTS) -> Candidate:
    return MappingProxyType({**first, **_train(weight_decay=HEAVIER)})


SECOND_ROUND: Final[Mapping[str, tuple[Candidate, ...]]] = MappingProxyType(
    {
        "llmhni": (_heavier(),),
        "bpr": (_train(weight_decay=3e-3), _train(weight_decay=1e-2)),
        "bpr-ngcf": (_train(learning_rate=5e-4), _heavier(_train(learning_rate=1e-3))),
        "wbpr": (_train(learning_rate=5e-4), _heavier(_train(learning_rate=1e-3))),
        "t-ce": (_options(drop_share=0.3), _heavier(_options(drop_share=0.2))),
        "t-ce-pairwise": (_options(drop_share=0.02), _heavier(_options(drop_share=0.05))),
        "r-ce": (_options(alpha=0.05), _heavier(_options(alpha=0.1))),
        "r-ce-pairwise": (_options(alpha=0.7), _heavier(_options(alpha=0.5))),
        "dcf": (_heavier(),),
        "bod": (_options(generator_rate=3e-2), _heavier(_options(generator_rate=1e-2))),
        "pld": (_heavier(_options(pool=2)),),
        "sgl": (_options(weight=0.002), _heavier(_options(weight=0.005))),
        "sgl-node": (_options(weight=0.002), _heavier(_options(weight=0.01))),
        "simgcl": (_patient(weight=0.003), _heavier(_patient(weight=0.01))),
        "xsimgcl": (_patient(weight=0.003), _heavier(_patient(weight=0.01))),
        "rlmrec": (_heavier(),),
        "llard": (_options(alpha=0.003, beta=0.3), _heavier(_options(alpha=0.01, beta=1.0))),
        "dns": (_heavier(_options(candidates=4)),),
        "srns": (_heavier(_options(memory=8, fresh=64, alpha=5.0, temperature=10.0)),),
    }
)
"""Method -> what was tried after the first round: where the best baseline lay at the edge of its
grid, a candidate beyond that edge; and for all, heavier weight decay with what was best until then,
because that helped plain BPR more on MovieLens than any other option. (PLD's edge is where it
becomes plain BPR.) All [D]."""

_GRIDS: Final[Mapping[str, tuple[Candidate, ...]]] = MappingProxyType(
    {
        # Within the ranges of the ablations of the study [D].
        "llmhni": (
            DEFAULTS,
            _train(lambda_alignment=0.001, lambda_hallucination=0.001),
            _train(layer_contrast=False),
            _train(fresh=8, candidates=2),
        ),
        "bpr": _PLAIN,
        "bpr-ngcf": _PLAIN,
        "wbpr": _PLAIN,
        "t-ce": _TRUNCATED,
        "t-ce-pairwise": _TRUNCATED,
        "r-ce": _REWEIGHTED,
        "r-ce-pairwise": _REWEIGHTED,
        # Less dropped, a wider bound, as in our T-CE [D].
        "dcf": (
            DEFAULTS,
            _options(drop_share=0.1),
            _options(drop_share=0.05),
            _options(drop_share=0.1, confidence=0.01),
        ),
        # [D]
        "bod": (
            DEFAULTS,
            _options(uniformity=1.0),
            _options(alignment=0.1, uniformity=0.1),
            _options(generator_rate=1e-2),
        ),
        # [D]
        "pld": (
            DEFAULTS,
            _options(pool=2),
            _options(pool=10),
            _options(temperature=0.5),
        ),
        "sgl": _SGL,
        "sgl-node": _SGL,
        # 0.5 and 0.2: configurations of SELFRec; lighter weights, and the wait, [D].
        "simgcl": (
            DEFAULTS,
            _patient(weight=0.2),
            _patient(weight=0.05),
            _patient(weight=0.01),
        ),
        "xsimgcl": (
            DEFAULTS,
            _patient(weight=0.1),
            _patient(weight=0.05),
            _patient(weight=0.01),
        ),
        # 0.01 with 0.2 (Amazon, Yelp) and 0.001 with 0.1 (Steam): the authors' code; others [D].
        "rlmrec": (
            DEFAULTS,
            _options(weight=0.001, temperature=0.1),
            _options(weight=0.001),
            _options(weight=0.1),
        ),
        # [D]
        "llard": (
            DEFAULTS,
            _options(alpha=0.01),
            _options(beta=1.0),
            _options(alpha=0.01, beta=1.0),
        ),
        # [D]
        "dns": (
            DEFAULTS,
            _options(candidates=2),
            _options(candidates=4),
            _options(candidates=16),
        ),
        # The second: the authors' script for MovieLens 1M; others [D].
        "srns": (
            DEFAULTS,
            _options(memory=8, fresh=64, alpha=5.0, temperature=10.0),
            _options(alpha=5.0),
            _options(alpha=0.1),
        ),
        **dict.fromkeys(sorted(NOT_TUNED), (DEFAULTS,)),
    }
)

GRIDS: Final[Mapping[str, tuple[Candidate, ...]]] = MappingProxyType(
    {name: (*found, *SECOND_ROUND.get(name, ())) for name, found in _GRIDS.items()}
)
"""Method (a baseline or ``llmhni``) -> its candidates, the defaults first."""
