"""Method: how the verdict is made, with what settings, and what a run cannot claim."""

import streamlit as st

from app.services.method_of import method_of
from app.ui import components, decided, method
from app.ui.glossary import explain

st.title("Method")
run = components.need_run()
st.caption("How this run came to its verdicts. Every number below is its own.")
method.intro(method_of(run.manifest))
decided.draw(run, decided.METHOD)
method.pipeline(run)

st.subheader("How P(noisy) is put together", help=explain("p_noisy"))
method.one_example(run)

judged, measured = st.columns(2, gap="large")
with judged:
    st.subheader("What the judge said", help=explain("logical"))
    method.judge(run)
with measured:
    st.subheader("Is P(noisy) as high as the noise?", help=explain("calibration"))
    method.truth(run)

st.subheader("What this run can and cannot claim")
method.honest(run)

st.subheader("Settings")
method.settings(run)
