import { X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContextOptions, type TlsOptions } from "node:tls";
import type { Counters } from "../counters.ts";
import { watchFiles } from "../watched-files.ts";

export interface TlsFilesOptions {
  /** PEM: our certificate, and those between it and its root. */
  readonly certFile: string;
  readonly keyFile: string;
  /** PEM: who signs the certificates of clients; undefined: clients need none. */
  readonly clientCaFile?: string | undefined;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: (message: string) => void;
  /** `tls_file_errors` */
  readonly counters: Counters;
}

/** A server that is told of new certificates: of `node:https` and of `node:http2`. */
interface TlsServer {
  setSecureContext(options: SecureContextOptions): void;
}

export interface TlsFiles {
  /** For a server that is made now. */
  readonly options: TlsOptions;
  /** Hands later versions of the files to a server, for connections that begin then. */
  follow(server: TlsServer): void;
  /** When our certificate ends, Unix milliseconds. */
  expiresAt(): number;
  /** Looks whether the files have changed; it does so by itself every two seconds. */
  check(): Promise<void>;
  close(): void;
}

/**
 * Certificate, key and client CA, and each later version of them. Throws when they can't be used now; a later version that
 * can't be used is logged and counted, and the former one stays.
 */
export async function openTlsFiles(options: TlsFilesOptions): Promise<TlsFiles> {
  const { certFile, keyFile, clientCaFile, now, log, counters } = options;
  const paths = [certFile, keyFile, ...(clientCaFile === undefined ? [] : [clientCaFile])];
  const servers: TlsServer[] = [];
  let current: SecureContextOptions = {};
  let expiresAt = 0;
  const take = (texts: readonly (string | undefined)[]) => {
    const missing = paths.find((_, i) => texts[i] === undefined);
    if (missing !== undefined) throw new Error(`${missing} is not there`);
    const [cert = "", key = "", ca] = texts;
    expiresAt = checkCertificate(cert, certFile, now());
    if (ca !== undefined) checkCertificate(ca, String(clientCaFile), now());
    const next = { cert, key, ...(ca !== undefined && { ca }), minVersion: "TLSv1.2" } as const;
    checkPair(next, certFile, keyFile);
    current = next;
    for (const server of servers) server.setSecureContext(current);
  };
  const onError = (error: unknown) => {
    counters.add("tls_file_errors");
    log(`the former certificates stay in use: ${error instanceof Error ? error.message : error}`);
  };
  const files = await watchFiles(paths, { take, onError });
  const isMutual = clientCaFile !== undefined;
  return {
    options: { ...current, requestCert: isMutual, rejectUnauthorized: isMutual },
    follow: (server) => {
      servers.push(server);
      server.setSecureContext(current);
    },
    expiresAt: () => expiresAt,
    check: files.check,
    close: files.close,
  };
}

/** Until when the first certificate of a file is valid, Unix milliseconds. */
function checkCertificate(pem: string, file: string, nowMs: number): number {
  const { validFromDate, validToDate } = parseCertificate(pem, file);
  if (validToDate.getTime() <= nowMs) {
    throw new Error(`the certificate of ${file} ended on ${validToDate.toISOString()}`);
  }
  if (validFromDate.getTime() > nowMs) {
    throw new Error(`the certificate of ${file} begins on ${validFromDate.toISOString()}`);
  }
  return validToDate.getTime();
}

function parseCertificate(pem: string, file: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new Error(`${file} holds no certificate in PEM`, { cause: error });
  }
}

/** What OpenSSL says of a key may quote it, so it is not told. */
function checkPair(options: SecureContextOptions, certFile: string, keyFile: string): void {
  try {
    createSecureContext(options);
  } catch (error) {
    const message = `${keyFile} is not the key in PEM of the certificate in ${certFile}`;
    throw new Error(message, { cause: error });
  }
}
