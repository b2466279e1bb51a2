"""Overview: one run at a glance, from its data to the evidence behind single verdicts."""

import streamlit as st

from app.services import store
from app.ui import components, figures, state

st.title("Overview")
running = components.current_job()
run = state.current_run()
if run is None and running:
    st.stop()
if run is None:
    st.info("There is no finished run yet.", icon=":material/info:")
    st.write(
        "The sample is a small film catalogue with planted noise. Running it takes some minutes, "
        "needs no network and no key, and shows every part of the method."
    )
    components.start_button()
    st.stop()

manifest = run.manifest
st.text(f"{manifest.dataset}, judged by: {manifest.judge}")
st.caption(
    f"{manifest.n_users:,} users · {manifest.n_items:,} items · "
    f"{manifest.n_interactions:,} training interactions · "
    f"finished {manifest.created:%Y-%m-%d %H:%M} UTC"
)

st.subheader("Verdicts")
components.verdict_metrics(dict(manifest.verdicts))
st.plotly_chart(figures.verdict_shares(manifest.verdicts), key="overview_shares")

found, ranked = st.columns(2, gap="large")
with found:
    st.subheader("Is the noise found?")
    components.detection(manifest)
with ranked:
    st.subheader("Better recommendations?")
    components.ranking(manifest)

st.subheader("Loss by verdict")
st.caption("Where two lines overlap, the loss alone cannot tell the verdicts apart.")
st.plotly_chart(figures.loss_by_verdict(store.loss_histogram(run)), key="overview_loss")

st.subheader("Five examples")
for _, example in store.examples(run).iterrows():
    components.evidence(example)
