import { useMemo, useSyncExternalStore } from "react";
import { parseRoute, type Route, toHref } from "./route.ts";

/** Fires after the address changed by `navigate`; the browser's own buttons fire `popstate`. */
const NAVIGATED = "culprit:navigated";

/** The route of the current address; renders again when it changes. */
export function useRoute(): Route {
  const href = useSyncExternalStore(subscribe, () => location.href);
  return useMemo(() => {
    const { pathname, search } = new URL(href);
    return parseRoute(pathname.slice(basePath().length), search);
  }, [href]);
}

/** `replace`: the view changed, not the page; the back button skips it. */
export function navigate(route: Route, { replace = false } = {}): void {
  const address = new URL(toHref(route), document.baseURI);
  if (replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  dispatchEvent(new Event(NAVIGATED));
}

function subscribe(onChange: () => void): () => void {
  addEventListener("popstate", onChange);
  addEventListener(NAVIGATED, onChange);
  return () => {
    removeEventListener("popstate", onChange);
    removeEventListener(NAVIGATED, onChange);
  };
}

function basePath(): string {
  return new URL(".", document.baseURI).pathname;
}
