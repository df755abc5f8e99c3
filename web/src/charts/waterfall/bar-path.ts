/** Width of the drawing that `toBarPath` fills, in its own units; the browser stretches it. */
export const BAR_PATH_WIDTH = 1000;

export interface Section {
  readonly startNs: number;
  readonly endNs: number;
}

/** From its top to its bottom, in pixels. */
export interface Band {
  readonly top: number;
  readonly bottom: number;
}

const EXACT_SECTIONS_MAX = 200;
const WIDTH_MIN = 1.5;

/**
 * One SVG path for any number of sections of [0, durationNs]. More than can be told apart are drawn as the columns
 * that they fill by half or more: 20,000 gaps of a microsecond do not add up to a solid bar.
 */
export function toBarPath(sections: readonly Section[], durationNs: number, band: Band): string {
  const exact = sections.length <= EXACT_SECTIONS_MAX;
  const drawn = exact ? sections : filledColumns(sections, durationNs);
  return drawn.map((section) => toRectangle(section, durationNs, band)).join("");
}

function toRectangle({ startNs, endNs }: Section, durationNs: number, band: Band): string {
  const scale = durationNs === 0 ? 0 : BAR_PATH_WIDTH / durationNs;
  const width = Math.max((endNs - startNs) * scale, WIDTH_MIN);
  const left = Math.max(0, Math.min(startNs * scale, BAR_PATH_WIDTH - width));
  return `M${round(left)} ${band.top}h${round(width)}V${band.bottom}h${round(-width)}z`;
}

function filledColumns(sections: readonly Section[], durationNs: number): Section[] {
  const widthNs = durationNs / BAR_PATH_WIDTH;
  const filledNs = new Float64Array(BAR_PATH_WIDTH);
  for (const { startNs, endNs } of sections) {
    const first = Math.max(0, Math.floor(startNs / widthNs));
    const last = Math.min(BAR_PATH_WIDTH - 1, Math.floor(endNs / widthNs));
    for (let column = first; column <= last; column++) {
      const from = Math.max(startNs, column * widthNs);
      filledNs[column]! += Math.max(0, Math.min(endNs, (column + 1) * widthNs) - from);
    }
  }
  return joinColumns(filledNs, widthNs);
}

function joinColumns(filledNs: Float64Array, widthNs: number): Section[] {
  const joined: Section[] = [];
  let first = -1;
  for (let column = 0; column <= filledNs.length; column++) {
    const isFilled = (filledNs[column] ?? 0) >= widthNs / 2;
    if (isFilled && first === -1) first = column;
    if (!isFilled && first !== -1) {
      joined.push({ startNs: first * widthNs, endNs: column * widthNs });
      first = -1;
    }
  }
  return joined;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
