"""Overview: what a run found, and whether to believe it."""

import streamlit as st

from app.services import accepting, store, story
from app.ui import components, decided, examples, glossary, overview, state
from app.ui.figures import overview as figures

st.title("Overview")
run = components.need_run()
manifest = run.manifest
st.text(f"{manifest.dataset}, judged by: {manifest.judge}")
st.caption(
    f"{manifest.n_users:,} users · {manifest.n_items:,} items · "
    f"{manifest.n_interactions:,} training interactions · "
    f"{manifest.when}"
)

decided.draw(run, decided.OVERVIEW)
components.verdict_metrics(dict(manifest.verdicts))
components.chart(figures.verdict_shares(manifest.verdicts), "overview_shares", "verdict-shares")
overview.behind_verdicts(run)

told, costs = st.columns([2, 3], gap="large", vertical_alignment="center")
cuts = state.ask(story.price_of_a_cut, run)
both = accepting.both(manifest)
with told:
    st.subheader("What would a loss cut throw away?")
    overview.tell(cuts, both)
with costs:
    components.chart(figures.price(cuts, both), "overview_price", "price-of-a-cut")

st.subheader(
    "Among the highest losses: which signal tells noise from genuine?",
    help=glossary.explain("auc_top_loss"),
)
overview.confusion(run)

found, ranked = st.columns(2, gap="large")
with found:
    st.subheader("Is the noise found?")
    components.detection(manifest)
with ranked:
    st.subheader("Better recommendations?")
    components.ranking(manifest)
    curve = state.ask(story.validation_curve, run)
    components.chart(figures.validation(curve), "overview_validation", "validation-recall")

st.subheader("Loss by verdict")
st.caption("Where two lines overlap, the loss alone cannot tell the verdicts apart.")
components.chart(
    figures.loss_by_verdict(state.ask(store.loss_histogram, run)),
    "overview_loss",
    "loss-by-verdict",
)

st.subheader("Five examples")
for _, example in state.ask(store.examples, run).iterrows():
    examples.evidence(example)
overview.take_along(run)
