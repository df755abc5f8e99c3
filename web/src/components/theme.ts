import { createStoredSetting } from "./stored-setting.ts";

const stored = createStoredSetting("culprit-theme");

export type Theme = "light" | "dark";

export function applyStoredTheme(): void {
  const theme = stored.get();
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
}

export function currentTheme(): Theme {
  const theme = document.documentElement.dataset.theme;
  return theme === "light" || theme === "dark" ? theme : systemTheme();
}

/** Back to what the system prefers means: follow the system from now on. */
export function toggleTheme(): void {
  const theme = currentTheme() === "dark" ? "light" : "dark";
  stored.set(theme === systemTheme() ? null : theme);
  applyStoredTheme();
}

function systemTheme(): Theme {
  return matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
}
