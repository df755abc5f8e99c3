// What the OpenTelemetry Operator requires in an application: /otel-auto-instrumentation-nodejs/autoinstrumentation.js.
// It can't import, so ES modules are watched from here.
require("@culprit/agent").watchImports();
