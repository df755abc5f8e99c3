import { PageHeading } from "../components/page-heading.tsx";
import { Link } from "../router/link.tsx";

export function NotFoundPage() {
  return (
    <PageHeading title="No such page">
      The address names no page.{" "}
      <Link to={{ page: "findings", services: [], detectors: [] }}>See all findings</Link>
    </PageHeading>
  );
}
