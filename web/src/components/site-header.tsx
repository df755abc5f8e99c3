import { useRef, useState } from "react";
import { Link } from "../router/link.tsx";
import type { Route } from "../router/route.ts";
import { HelpDialog } from "./help-dialog.tsx";
import { Icon } from "./icon.tsx";
import styles from "./site-header.module.css";
import { currentTheme, toggleTheme } from "./theme.ts";
import { useShortcuts } from "./use-shortcuts.ts";

const FINDINGS: Route = { page: "findings", services: [], detectors: [] };
const ENDPOINTS: Route = { page: "endpoints", sort: "total" };

/** The pages that each link stands for while they are shown. */
const SECTIONS = [
  { to: FINDINGS, label: "Findings", pages: ["findings", "finding", "detectors", "detector"] },
  { to: ENDPOINTS, label: "Endpoints", pages: ["endpoints", "endpoint"] },
];

export function SiteHeader({ page }: { readonly page: Route["page"] }) {
  const help = useRef<HTMLDialogElement>(null);
  useShortcuts({ "?": () => help.current?.showModal() });

  return (
    <header className={styles.header}>
      <Link to={FINDINGS} className={styles.brand} aria-label="Culprit, home">
        <Mark />
        Culprit
      </Link>
      <nav aria-label="Pages" className={styles.pages}>
        {SECTIONS.map(({ to, label, pages }) => (
          <Link key={label} to={to} aria-current={pages.includes(page) ? "page" : undefined}>
            {label}
          </Link>
        ))}
      </nav>
      <ThemeButton />
      <button
        type="button"
        className={styles.tool}
        aria-label="Help and keyboard shortcuts"
        onClick={() => help.current?.showModal()}
      >
        ?
      </button>
      <HelpDialog ref={help} />
    </header>
  );
}

function ThemeButton() {
  const [theme, setTheme] = useState(currentTheme);
  return (
    <button
      type="button"
      className={styles.tool}
      aria-label={theme === "dark" ? "Use the light theme" : "Use the dark theme"}
      onClick={() => {
        toggleTheme();
        setTheme(currentTheme());
      }}
    >
      <Icon name="theme" />
    </button>
  );
}

/** Three bars of a waterfall; the middle one is the culprit. */
function Mark() {
  return (
    <svg viewBox="0 0 20 16" width="22" height="18" aria-hidden>
      <rect y="0" width="20" height="4" rx="2" fill="currentColor" opacity="0.45" />
      <rect x="4" y="6" width="13" height="4" rx="2" className={styles.culprit} />
      <rect x="14" y="12" width="6" height="4" rx="2" fill="currentColor" opacity="0.45" />
    </svg>
  );
}
