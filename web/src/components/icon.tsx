import styles from "./icon.module.css";

/** Strokes in a box of 16 × 16. */
const PATHS = {
  "chevron-right": "M6 4l4 4-4 4",
  "chevron-down": "M4 6l4 4 4-4",
  critical: "M8 1.8l6.2 6.2L8 14.2 1.8 8zM8 5v3.4M8 10.6v.2",
  warning: "M8 2.2l6.3 11.3H1.7zM8 6.5v3.2M8 11.4v.2",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 7.4v3.4M8 5.1v.2",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 5v3.6M8 10.8v.2",
  flag: "M3.5 14.5v-12h9l-2.2 3.2L12.5 9h-9",
  close: "M4 4l8 8M12 4l-8 8",
  theme: "M8 1.8a6.2 6.2 0 1 0 0 12.4zM8 1.8a6.2 6.2 0 0 1 0 12.4",
} as const;

/** Decoration: the word beside it, or the label of its button, carries the meaning. */
export function Icon({ name }: { readonly name: keyof typeof PATHS }) {
  return (
    <svg viewBox="0 0 16 16" className={styles.icon} aria-hidden>
      <path d={PATHS[name]} />
    </svg>
  );
}
