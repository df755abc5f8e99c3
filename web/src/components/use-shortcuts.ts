import { useEffect } from "react";
import { createStoredSetting } from "./stored-setting.ts";

const stored = createStoredSetting("culprit-shortcuts");

/** Speech input and shaky hands press single letters by accident (WCAG 2.1.4): the help dialog turns them off. */
export function areShortcutsOn(): boolean {
  return stored.get() !== "off";
}

export function setShortcutsOn(on: boolean): void {
  stored.set(on ? null : "off");
}

/** Single keys that work anywhere on the page, except while typing or in a dialog. */
export function useShortcuts(actions: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    function onKeyDown(event: KeyboardEvent): void {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      if (!areShortcutsOn() || isTaken(event.target)) return;
      const action = actions[event.key];
      if (action === undefined) return;
      event.preventDefault();
      action();
    }
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, [actions]);
}

function isTaken(target: EventTarget | null): boolean {
  return (
    document.querySelector("dialog[open]") !== null ||
    (target instanceof Element && target.closest("input, textarea, select") !== null)
  );
}
