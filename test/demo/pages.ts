/** A page of `shop/pages.ts`: what it is put together from, and whether its parts are made one after the other. */
export interface Page {
  readonly name: string;
  readonly widgets: readonly WidgetName[];
  /** All widgets begin at the same time; absent: one after the other. */
  readonly isAtOnce?: boolean;
}

export type WidgetName =
  | "bundles"
  | "cart"
  | "finder"
  | "items"
  | "names"
  | "panels"
  | "quotes"
  | "rates"
  | "stock"
  | "sums"
  | "taxes";

/** Pages with one fault, then pages with two, whose fixes help each other or get in each other's way. */
export const pages: readonly Page[] = [
  ...(["names", "stock", "bundles", "rates", "cart", "panels", "quotes"] as const).map(alone),
  ...(["items", "taxes", "finder", "sums"] as const).map(alone),
  { name: "names-then-rates", widgets: ["names", "rates"] },
  { name: "names-beside-rates", widgets: ["names", "rates"], isAtOnce: true },
  { name: "stock-then-panels", widgets: ["stock", "panels"] },
  { name: "stock-beside-panels", widgets: ["stock", "panels"], isAtOnce: true },
  { name: "bundles-then-cart", widgets: ["bundles", "cart"] },
  { name: "cart-beside-rates", widgets: ["cart", "rates"], isAtOnce: true },
  { name: "items-then-taxes", widgets: ["items", "taxes"] },
  { name: "items-beside-taxes", widgets: ["items", "taxes"], isAtOnce: true },
  { name: "names-then-finder", widgets: ["names", "finder"] },
  { name: "rates-then-panels", widgets: ["rates", "panels"] },
];

function alone(name: WidgetName): Page {
  return { name, widgets: [name] };
}

/** Routes of a page as it is built at first, and of the same page with its faults fixed. */
export function pageRoutes({ name }: Page): { readonly faulty: string; readonly fixed: string } {
  return { faulty: `/pages/${name}/:n`, fixed: `/fixed-pages/${name}/:n` };
}
