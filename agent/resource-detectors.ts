import { getResourceDetectors } from "@opentelemetry/auto-instrumentations-node";
import type { ResourceDetector } from "@opentelemetry/resources";

/** People pass passwords on the command line. */
const withheld = "process.command_args";

/** The detectors that `OTEL_NODE_RESOURCE_DETECTORS` names, without the arguments of the command line. */
export function createResourceDetectors(): ResourceDetector[] {
  return getResourceDetectors().map((detector) => ({
    detect(config) {
      const { attributes, ...rest } = detector.detect(config);
      const { [withheld]: _, ...sent } = attributes ?? {};
      return { ...rest, attributes: sent };
    },
  }));
}
