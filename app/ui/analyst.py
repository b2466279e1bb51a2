"""Who labels: the signed-in person, else a name that is asked once per browser."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

import streamlit as st

NAME: Final = "_analyst"
"""In the session. Never in the address: a link must not make somebody sign as somebody else."""
COOKIE: Final = "workbench_analyst"
"""Where the browser remembers the name, so that a reload does not ask again."""
REMEMBER_DAYS: Final = 365
MAX_NAME: Final = 40
"""Letters of a name."""
ASKED: Final = "la_name"


def who() -> str | None:
    """Name of the person, None as long as it is not known; draws nothing."""
    if login_configured():
        return _signed_in()
    if NAME not in st.session_state:
        st.session_state[NAME] = _remembered()
    name = st.session_state[NAME]
    return str(name) if name else None


def valid(name: object) -> bool:
    """Whether a name has 1 to 40 printable characters, and not only blanks."""
    return (
        isinstance(name, str) and name == name.strip() and 0 < len(name) <= MAX_NAME
    ) and name.isprintable()


def may_sign(name: str) -> bool:
    """Whether a decision under this name may be recorded in this session.

    Without a login names are taken at their word: labels that wait in the window since before a
    reload, or a change of name, keep the name that they were made under.
    """
    return name == _signed_in() if login_configured() else valid(name)


def draw() -> str | None:
    """Show who labels, with a way to change it; return the name, None while it is not known."""
    name = who()
    if name is None:
        return None
    if not login_configured():
        _remember(name)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.text(f"You label as {name}", width="content")
        if login_configured():
            st.button("Sign out", on_click=st.logout, type="tertiary", key="la_sign_out")
        else:
            st.button("Change", on_click=_forget, type="tertiary", key="la_change_name")
    return name


def login_configured() -> bool:
    """Whether this server has a login (``[auth]`` in the secrets)."""
    return _user().get("is_logged_in") is not None


def _user() -> dict[str, Any]:
    return dict(st.user.to_dict())


def _signed_in() -> str | None:
    person = _user()
    if not person.get("is_logged_in"):
        return None
    named = str(person.get("email") or person.get("sub") or "").strip()
    return named or None


def ask() -> None:
    """Ask who labels, or to sign in."""
    if login_configured():
        st.info("Sign in to label: every label has a name.", icon=":material/person:")
        st.button("Sign in", on_click=st.login, type="primary", key="la_sign_in")
        return
    with st.form("la_who", border=False, width=420):
        st.text_input(
            "Who labels?",
            key=ASKED,
            max_chars=MAX_NAME,
            placeholder="Your name or initials",
            help="Written beside each label, so that people can compare theirs. This browser "
            "remembers it; nobody checks it.",
        )
        if st.form_submit_button("Start", type="primary"):
            name = str(st.session_state.get(ASKED) or "").strip()
            if valid(name):
                st.session_state[NAME] = name
                st.rerun()
            st.error("A name has 1 to 40 printable characters.")


def _forget() -> None:
    st.session_state[NAME] = None  # the cookie stays until there is another name


def _remembered() -> str | None:
    """The name that this browser was given before."""
    name = unquote(str(_cookies().get(COOKIE, "")))
    return name if valid(name) else None


def _cookies() -> Mapping[str, str]:
    """What the browser sent when it connected."""
    return st.context.cookies


def _remember(name: str) -> None:
    """Have the browser keep the name; drawn once per name."""
    if name == _remembered():
        return
    # Quoted twice: nothing in a name can end the cookie, the script or its tag.
    value = json.dumps(f"{COOKIE}={quote(name, safe='')}")
    age = REMEMBER_DAYS * 86_400
    st.html(
        f"<script>document.cookie = {value} + '; path=/; max-age={age}; SameSite=Strict';</script>",
        unsafe_allow_javascript=True,
        width="content",
    )
