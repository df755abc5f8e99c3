import { BlockList, isIP, isIPv6 } from "node:net";

/**
 * Whether an IP address is one that the internet routes: not this machine, not a neighbour, not a cloud's metadata
 * service. Anything that is no IP address, or that we do not know, is not public.
 * Ranges: the IANA special-purpose registries (RFC 6890 and what was added to them).
 */
export function isPublicAddress(address: string): boolean {
  const plain = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const embedded = embeddedIpv4(plain);
  if (embedded !== undefined) return isPublicAddress(embedded);
  const family = isIP(plain);
  return family !== 0 && !reserved.check(plain, family === 4 ? "ipv4" : "ipv6");
}

const reserved = new BlockList();

for (const range of [
  "0.0.0.0/8", // this network
  "10.0.0.0/8", // private
  "100.64.0.0/10", // carrier-grade NAT
  "127.0.0.0/8", // loopback
  "169.254.0.0/16", // link-local; 169.254.169.254 is the metadata service of most clouds
  "172.16.0.0/12", // private
  "192.0.0.0/24", // protocol assignments
  "192.0.2.0/24", // documentation
  "192.88.99.0/24", // 6to4 relays
  "192.168.0.0/16", // private
  "198.18.0.0/15", // benchmarks
  "198.51.100.0/24", // documentation
  "203.0.113.0/24", // documentation
  "224.0.0.0/4", // multicast
  "240.0.0.0/4", // reserved, broadcast
]) {
  const [network, prefix] = range.split("/");
  reserved.addSubnet(network!, Number(prefix), "ipv4");
}

for (const range of [
  "::/96", // unspecified, loopback, IPv4-compatible
  "64:ff9b:1::/48", // local NAT64
  "100::/64", // discard
  "2001::/23", // protocol assignments, Teredo
  "2001:db8::/32", // documentation
  "2002::/16", // 6to4: carries any IPv4 address
  "3fff::/20", // documentation
  "5f00::/16", // segment routing
  "fc00::/7", // unique local
  "fe80::/10", // link-local
  "fec0::/10", // site-local
  "ff00::/8", // multicast
]) {
  const [network, prefix] = range.split("/");
  reserved.addSubnet(network!, Number(prefix), "ipv6");
}

const mapped = new BlockList();
mapped.addSubnet("::ffff:0:0", 96, "ipv6");
// NAT64 stands for the IPv4 address that it holds: in a network without IPv4, every public host has one.
mapped.addSubnet("64:ff9b::", 96, "ipv6");

/** The IPv4 address in the last 32 bits of an IPv4-mapped or NAT64 address. */
function embeddedIpv4(address: string): string | undefined {
  if (!isIPv6(address) || !mapped.check(address, "ipv6")) return undefined;
  // The URL parser writes an address in its one canonical form, with the last 32 bits as two groups of hex.
  const host = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const groups = host.split(":");
  const bits = [groups.at(-2), groups.at(-1)].map((group) => Number.parseInt(group || "0", 16));
  return bits.flatMap((word) => [word >> 8, word & 255]).join(".");
}
