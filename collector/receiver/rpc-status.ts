import type { OtlpEncoding } from "./otlp-message.ts";
import { bytesField, varintField } from "./protobuf-fields.ts";

/** What a `google.rpc.Status` says. */
export interface RpcStatus {
  /** `google.rpc.Code` */
  readonly rpcCode: number;
  readonly message: string;
  /** The client may send again after so many seconds; undefined: it must not. */
  readonly retryAfterS: number | undefined;
}

const invalidArgument = 3;
const typePrefix = "type.googleapis.com/google.rpc.";

/** A `google.rpc.Status`, with a RetryInfo where the client may try again, and a BadRequest where the request is at fault. */
export function encodeStatus(encoding: OtlpEncoding, status: RpcStatus): Buffer {
  return encoding === "json" ? encodeJson(status) : encodeProtobuf(status);
}

function encodeJson({ rpcCode, message, retryAfterS }: RpcStatus): Buffer {
  const details: object[] = [];
  if (retryAfterS !== undefined) {
    details.push({ "@type": `${typePrefix}RetryInfo`, retryDelay: `${retryAfterS}s` });
  }
  if (rpcCode === invalidArgument) {
    const fieldViolations = [{ description: message }];
    details.push({ "@type": `${typePrefix}BadRequest`, fieldViolations });
  }
  const status = { code: rpcCode, message, ...(details.length > 0 && { details }) };
  return Buffer.from(JSON.stringify(status));
}

function encodeProtobuf({ rpcCode, message, retryAfterS }: RpcStatus): Buffer {
  const text = Buffer.from(message);
  const details: Buffer[] = [];
  if (retryAfterS !== undefined) {
    const retryDelay = varintField(1, retryAfterS);
    details.push(toAny("RetryInfo", bytesField(1, retryDelay)));
  }
  if (rpcCode === invalidArgument) {
    const violation = bytesField(2, text);
    details.push(toAny("BadRequest", bytesField(1, violation)));
  }
  return Buffer.concat([varintField(1, rpcCode), bytesField(2, text), ...details]);
}

/** The field `details`, a `google.protobuf.Any`. */
function toAny(type: string, value: Buffer): Buffer {
  const typeUrl = Buffer.from(typePrefix + type);
  return bytesField(3, Buffer.concat([bytesField(1, typeUrl), bytesField(2, value)]));
}
