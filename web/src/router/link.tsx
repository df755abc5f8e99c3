import type { AnchorHTMLAttributes, MouseEvent } from "react";
import { navigate } from "./location.ts";
import { type Route, toHref } from "./route.ts";

type LinkProps = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href" | "onClick"> & {
  readonly to: Route;
};

/** A real link: it opens in a new tab, copies and prefetches like any other; a plain click stays in the page. */
export function Link({ to, children, ...attributes }: LinkProps) {
  function onClick(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) {
      return;
    }
    event.preventDefault();
    navigate(to);
  }

  return (
    <a {...attributes} href={toHref(to)} onClick={onClick}>
      {children}
    </a>
  );
}
