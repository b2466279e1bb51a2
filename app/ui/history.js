/* One entry of the browser's history for each page that was opened.

Streamlit 1.67 adds an entry whenever the server changes the address: for each row that is walked
to, and, before it goes to another page, for the page that is left without its filters. Here the
address of the page on show is changed in place, and while one page makes way for another the
entry of the page that is left stays as it was. Adding an entry is left to changes of page. What
the server added before this script ran is an address on its way to its full form: Back steps
over it. */
(() => {
  if (window.workbenchHistory) return;
  window.workbenchHistory = true;
  const MARK = "_to"; // app/ui/navigation.py: the page that the app itself is about to open
  const PATIENCE_MS = 15000; // a page that never comes must not stop the address for ever
  const add = history.pushState.bind(history);
  const change = history.replaceState.bind(history);
  const known = (state) => ({ ...state, workbench: true });
  const name = (url) => url.pathname.split("/").pop();
  let leaving = 0; // until when addresses belong to the page that is about to open
  const leave = () => { leaving = Date.now() + PATIENCE_MS; };

  history.replaceState = (state, title, address) => change(known(state), title, address);
  history.pushState = (state, title, address) => {
    const next = new URL(address, location.href);
    const opening = next.searchParams.get(MARK);
    if (opening !== null) next.searchParams.delete(MARK);
    if (next.pathname !== location.pathname) {
      leaving = 0;
      add(known(state), title, next);
    } else if (opening !== null && opening !== name(next)) {
      leave();
    } else if (Date.now() > leaving) {
      change(known(state), title, next);
    }
  };
  addEventListener("popstate", (event) => {
    leaving = 0;
    if (!event.state?.workbench && !location.hash) history.back(); // a heading's link has no state
  });
  addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-testid='stSidebarNavLink']");
    if (link && !link.target && new URL(link.href).pathname !== location.pathname) leave();
  }, true);
  change(known(history.state), "", location.href);
})();
