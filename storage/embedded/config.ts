/**
 * The environment of the process that holds ClickHouse: ours, and how its allocator works. Freed memory goes back to the
 * system after half a second instead of five, for inserts come every second and each needs some hundred megabytes; and
 * nothing is sampled, since nobody reads the profile. `JE_MALLOC_CONF` of whoever starts us counts.
 */
export const childEnvironment: NodeJS.ProcessEnv = {
  JE_MALLOC_CONF: "dirty_decay_ms:500,prof:false",
  ...process.env,
};
