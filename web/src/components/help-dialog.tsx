import { type Ref, useState } from "react";
import styles from "./help-dialog.module.css";
import { areShortcutsOn, setShortcutsOn } from "./use-shortcuts.ts";

const KEYS = [
  {
    title: "Everywhere",
    keys: [["?", "this help"]],
  },
  {
    title: "Findings",
    keys: [
      ["j, ↓", "next finding"],
      ["k, ↑", "previous finding"],
      ["Enter", "open it"],
    ],
  },
  {
    title: "Trace",
    keys: [
      ["↑ ↓", "previous, next row"],
      ["→ ←", "unfold, fold"],
      ["Enter", "details of the span"],
      ["Escape", "close the details"],
      ["c", "next on the critical path"],
      ["e", "next error"],
      ["n", "next finding"],
    ],
  },
] as const;

export function HelpDialog({ ref }: { readonly ref: Ref<HTMLDialogElement> }) {
  const [isOn, setIsOn] = useState(areShortcutsOn);

  return (
    <dialog ref={ref} className={styles.dialog} aria-labelledby="help-title">
      <h2 id="help-title">Keyboard shortcuts</h2>
      {KEYS.map(({ title, keys }) => (
        <section key={title}>
          <h3>{title}</h3>
          <dl className={styles.keys}>
            {keys.map(([key, meaning]) => (
              <div key={key}>
                <dt>{key}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
      <label className={styles.setting}>
        <input
          type="checkbox"
          checked={isOn}
          onChange={(event) => {
            setShortcutsOn(event.target.checked);
            setIsOn(event.target.checked);
          }}
        />
        Single-letter shortcuts
      </label>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
