import { lazy, Suspense, useEffect, useRef } from "react";
import styles from "./app.module.css";
import { SiteHeader } from "./components/site-header.tsx";
import { EndpointPage } from "./pages/endpoint-page.tsx";
import { EndpointsPage } from "./pages/endpoints-page.tsx";
import { FindingPage } from "./pages/finding-page.tsx";
import { FindingsPage } from "./pages/findings-page.tsx";
import { NotFoundPage } from "./pages/not-found-page.tsx";
import { TracePage } from "./pages/trace-page.tsx";
import { useRoute } from "./router/location.ts";
import type { Route } from "./router/route.ts";

/** Loaded when somebody asks what is looked for. */
const DetectorsPage = lazy(async () => {
  const { DetectorsPage: Page } = await import("./pages/detectors-page.tsx");
  return { default: Page };
});

export function App() {
  const route = useRoute();
  const main = useRef<HTMLElement>(null);
  useFocusOnNewPage(main, pageKey(route));

  return (
    <>
      <button type="button" className={styles.skip} onClick={() => main.current?.focus()}>
        Skip to content
      </button>
      <SiteHeader page={route.page} />
      <main ref={main} tabIndex={-1} className={styles.main}>
        <Page key={pageKey(route)} route={route} />
      </main>
    </>
  );
}

function Page({ route }: { readonly route: Route }) {
  switch (route.page) {
    case "findings":
      return <FindingsPage filter={route} />;
    case "finding":
      return <FindingPage id={route.id} />;
    case "trace":
      return <TracePage traceId={route.traceId} spanId={route.spanId} />;
    case "endpoints":
      return <EndpointsPage sort={route.sort} />;
    case "endpoint":
      return <EndpointPage endpoint={route} />;
    case "detectors":
    case "detector":
      return (
        <Suspense>
          <DetectorsPage id={route.page === "detector" ? route.id : null} />
        </Suspense>
      );
    case "not-found":
      return <NotFoundPage />;
  }
}

/** Equal for two views of one page: a changed filter or span neither moves the focus nor loses state. */
function pageKey(route: Route): string {
  switch (route.page) {
    case "finding":
      return `finding ${route.id}`;
    case "detector":
      return `detector ${route.id}`;
    case "trace":
      return `trace ${route.traceId}`;
    case "endpoint":
      return JSON.stringify(route);
    default:
      return route.page;
  }
}

/** What a full page load would do: start at the top, and tell a screen reader that the page is new. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>, key: string): void {
  const shown = useRef(key);
  useEffect(() => {
    if (shown.current === key) return;
    shown.current = key;
    scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [main, key]);
}
