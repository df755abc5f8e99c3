/** A mistake in flags or environment; its message says what to do. */
export class ConfigError extends Error {}
