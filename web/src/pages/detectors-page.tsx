import { guides } from "virtual:guides";
import { createElement, useEffect, useState } from "react";
import { GuideText, toElement } from "../components/guide-text.tsx";
import { PageHeading } from "../components/page-heading.tsx";
import type { Guide, GuideNode } from "../guides/guide-node.ts";
import { Link } from "../router/link.tsx";
import styles from "./detectors-page.module.css";
import { NotFoundPage } from "./not-found-page.tsx";

/** What is looked for: all detectors, or what one of them finds, how, and how that is fixed. */
export function DetectorsPage({ id }: { readonly id: string | null }) {
  if (id === null) return <DetectorList />;
  const guide = guides.find((each) => each.id === id);
  return guide === undefined ? <NotFoundPage /> : <DetectorGuide guide={guide} />;
}

function DetectorList() {
  return (
    <>
      <PageHeading title="What is looked for">
        Each finding comes from one of these detectors. Their pages say why it matters, how it is
        found, what holds it back, and how to fix it.
      </PageHeading>
      <ul className={styles.list}>
        {guides.map(({ id, title, summary }) => (
          <li key={id}>
            <Link to={{ page: "detector", id }}>{title}</Link>
            {createElement("p", null, ...summary.map(toElement))}
          </li>
        ))}
      </ul>
    </>
  );
}

function DetectorGuide({ guide }: { readonly guide: Guide }) {
  const [nodes, setNodes] = useState<readonly GuideNode[] | null>(null);
  const [isFailed, setIsFailed] = useState(false);
  useEffect(() => {
    guide.load().then(
      (text) => setNodes(text.nodes),
      () => setIsFailed(true),
    );
  }, [guide]);
  return (
    <article>
      <PageHeading
        title={guide.title}
        trail={
          <>
            <Link to={{ page: "detectors" }}>What is looked for</Link>
            <code>{guide.id}</code>
            <Link to={{ page: "findings", services: [], detectors: [guide.id] }}>Its findings</Link>
          </>
        }
      />
      {createElement("p", { className: styles.summary }, ...guide.summary.map(toElement))}
      {isFailed && <p role="alert">Could not load the page: reload it.</p>}
      {nodes !== null && <GuideText nodes={nodes} />}
    </article>
  );
}
