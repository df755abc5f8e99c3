// Preloaded beside V8's flags for the young generation: they are for the main thread, which has it by now, and would hold
// for each thread that is started later, whatever limits that is given.
const { setFlagsFromString } = require("node:v8");

setFlagsFromString("--min-semi-space-size=0");
setFlagsFromString("--max-semi-space-size=0");
