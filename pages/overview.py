"""Overview: what a run found, and whether to believe it."""

import streamlit as st

from app.services import accepting, store, story, verdict_words
from app.services.method_of import method_of
from app.ui import components, decided, examples, glossary, overview, state
from app.ui.figures import overview as figures
from app.ui.verdict_truth import verdict_truth

st.title("Overview")
run = components.need_run()
manifest = run.manifest
of = method_of(manifest)
st.text(manifest.dataset if of.is_baseline else f"{manifest.dataset}, judged by: {manifest.judge}")
st.caption(
    f"{manifest.n_users:,} users · {manifest.n_items:,} items · "
    f"{manifest.n_interactions:,} training interactions · "
    f"{manifest.when}"
)
overview.method(of)

decided.draw(run, decided.OVERVIEW)
components.verdict_metrics(dict(manifest.verdicts), verdict_words.meanings(manifest))
components.chart(figures.verdict_shares(manifest.verdicts), "overview_shares", "verdict-shares")
overview.behind_verdicts(run)

told, costs = st.columns([2, 3], gap="large", vertical_alignment="center")
cuts = state.ask(story.price_of_a_cut, run)
both = accepting.both(manifest)
with told:
    st.subheader("What would a loss cut throw away?")
    overview.tell(cuts, both, of)
with costs:
    if not of.is_baseline or cuts["loss"].noise is not None:  # else its bars were grades alone
        components.chart(figures.price(cuts, both), "overview_price", "price-of-a-cut")

st.subheader(
    "Among the highest losses: which signal tells noise from genuine?",
    help=glossary.explain("auc_top_loss"),
)
overview.confusion(run)
verdict_truth(run)

found, ranked = st.columns(2, gap="large")
with found:
    st.subheader("Is the noise found?")
    components.detection(manifest, overview.signal_names(of))
with ranked:
    st.subheader("Better recommendations?")
    st.text(f"{of.title}, against the plain backbone")
    components.ranking(manifest)
    curve = state.ask(story.validation_curve, run)
    components.chart(
        figures.validation(curve, of.title), "overview_validation", "validation-recall"
    )

st.subheader("Loss by verdict")
st.caption("Where two lines overlap, the loss alone cannot tell the verdicts apart.")
components.chart(
    figures.loss_by_verdict(state.ask(store.loss_histogram, run)),
    "overview_loss",
    "loss-by-verdict",
)

shown = state.ask(store.examples, run)
st.subheader(overview.examples_title(len(shown)))
for _, example in shown.iterrows():
    examples.evidence(example, manifest)
overview.take_along(run)
