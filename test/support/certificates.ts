import { generateKeyPairSync, randomBytes } from "node:crypto";
import forge from "node-forge";

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  /** PEM. */
  readonly key: string;
}

export interface CertificateOptions {
  /** Who signs it; itself when absent. */
  readonly issuer?: Certificate;
  readonly validFrom?: Date;
  readonly validTo?: Date;
}

const dayMs = 86_400_000;

/** A certificate for localhost and 127.0.0.1, for servers and clients; without an issuer it may sign others. */
export function createCertificate(
  name: string,
  { issuer, validFrom, validTo }: CertificateOptions = {},
): Certificate {
  const pair = generateKeyPairSync("rsa", {
    modulusLength: 2048,
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs1", format: "pem" },
  });
  const certificate = forge.pki.createCertificate();
  certificate.publicKey = forge.pki.publicKeyFromPem(pair.publicKey);
  certificate.serialNumber = `01${randomBytes(8).toString("hex")}`;
  certificate.validity.notBefore = validFrom ?? new Date(Date.now() - dayMs);
  certificate.validity.notAfter = validTo ?? new Date(Date.now() + dayMs);
  certificate.setSubject([{ name: "commonName", value: name }]);
  certificate.setIssuer(
    issuer === undefined
      ? certificate.subject.attributes
      : forge.pki.certificateFromPem(issuer.cert).subject.attributes,
  );
  certificate.setExtensions([
    { name: "basicConstraints", cA: issuer === undefined, critical: true },
    {
      name: "subjectAltName",
      altNames: [
        { type: 2, value: "localhost" },
        { type: 7, ip: "127.0.0.1" },
      ],
    },
  ]);
  certificate.sign(
    forge.pki.privateKeyFromPem((issuer ?? { key: pair.privateKey }).key),
    forge.md.sha256.create(),
  );
  return { cert: forge.pki.certificateToPem(certificate), key: pair.privateKey };
}
