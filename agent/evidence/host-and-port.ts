export interface HostAndPort {
  readonly host: string;
  /** 0 when it is not named. */
  readonly port: number;
}

const hostCharactersMax = 255;

/** Of a `Host` header, such as `shop.example:8080` or `[::1]:8080`. */
export function toHostAndPort(header: string): HostAndPort {
  const text = header.slice(0, hostCharactersMax);
  const colon = text.lastIndexOf(":");
  if (colon <= text.lastIndexOf("]") || colon === -1) return { host: text, port: 0 };
  const port = Number(text.slice(colon + 1));
  return { host: text.slice(0, colon), port: port > 0 && port < 65_536 ? port : 0 };
}
