/** Elements of a guide that are shown as they are. */
type Tag =
  | "h2"
  | "h3"
  | "p"
  | "ul"
  | "ol"
  | "li"
  | "pre"
  | "code"
  | "strong"
  | "em"
  | "table"
  | "thead"
  | "tbody"
  | "tr"
  | "th"
  | "td";

/** A piece of a guide: text, an element, or a link. */
export type GuideNode =
  | string
  | readonly [tag: Tag, children: readonly GuideNode[]]
  /** To an address. */
  | readonly [tag: "a", children: readonly GuideNode[], address: string]
  /** To the guide of another detector. */
  | readonly [tag: "guide", children: readonly GuideNode[], id: string];

/** What a detector looks for, for its users: its page beside the detector's code. */
export interface Guide {
  readonly id: string;
  readonly title: string;
  /** The first paragraph. */
  readonly summary: readonly GuideNode[];
  /** The rest, from the first heading on. */
  readonly load: () => Promise<{ readonly nodes: readonly GuideNode[] }>;
}
