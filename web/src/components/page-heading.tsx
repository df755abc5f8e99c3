import { type ReactNode, useEffect } from "react";
import styles from "./page-heading.module.css";

interface PageHeadingProps {
  readonly title: string;
  /** Above the title: where in the site this is. */
  readonly trail?: ReactNode;
  /** Under the title: one line that says what is shown. */
  readonly children?: ReactNode;
}

export function PageHeading({ title, trail, children }: PageHeadingProps) {
  useEffect(() => {
    document.title = `${title} · Culprit`;
  }, [title]);

  return (
    <div className={styles.heading}>
      {trail !== undefined && <div className={styles.trail}>{trail}</div>}
      <h1>{title}</h1>
      {children !== undefined && <p className={styles.line}>{children}</p>}
    </div>
  );
}
