import { expect, test } from "vitest";
import { Checkout, ConnectionStates, undelayed } from "./connection-states.ts";

const full = { used: 1, idle: 0, pending: 0, max: 1 };
const pool = {};
const toName = () => "db:5432/shop";

test("a checkout that finds a free connection has waited for nothing, however old the process is", () => {
  const states = new ConnectionStates();
  const checkout = states.startCheckout(pool, { used: 0, idle: 1, pending: 0, max: 1 }, toName);
  expect(checkout).toBe(undelayed);
  expect(checkout.waitedMs).toBe(0);
});

test("a checkout that waits has waited since it began, and not since the process did", () => {
  const beganMs = performance.now();
  const checkout = new Checkout(full);
  const { waitedMs } = checkout;
  expect(waitedMs).toBeGreaterThanOrEqual(0);
  // Of two clocks that are not read at once.
  expect(waitedMs).toBeLessThan(performance.now() - beganMs + 0.1);
});

test("what a checkout has waited for is told by the first call on its connection", () => {
  const states = new ConnectionStates();
  const checkout = states.startCheckout(pool, full, toName);
  const connection = {};
  states.note(connection, checkout);
  const state = states.of(connection);
  expect(state.poolWaitMs).toBeGreaterThanOrEqual(0);
  expect(state).toMatchObject({ connectionCreateMs: -1, poolName: "db:5432/shop" });
});
