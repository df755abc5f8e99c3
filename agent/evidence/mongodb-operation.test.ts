import { expect, it } from "vitest";
import { toMongodbOperation } from "./mongodb-operation.ts";

it.each([
  ["find", "find"],
  ["findandmodify", "findAndModify"],
  ["isMaster", "isMaster"],
  ["bob@example.com", ""],
  ["constructor", ""],
])("of %s is %j", (command, operation) => {
  expect(toMongodbOperation(command)).toBe(operation);
});
