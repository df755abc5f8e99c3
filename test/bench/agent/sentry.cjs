// @sentry/node has no preload of its own; this is what its documentation asks for. It reads SENTRY_… itself.
require("@sentry/node").init();
