import { createRequire } from "node:module";
import { join } from "node:path";
import type { FakeMongodb } from "../libraries/fake-mongodb.ts";
import { programsFolder } from "./programs-folder.ts";

/** What is used of Mongoose; it is installed beside the programs. */
interface Mongoose {
  readonly connection: {
    collection(name: string): { insertMany(documents: readonly object[]): Promise<unknown> };
  };
  connect(url: string): Promise<unknown>;
  disconnect(): Promise<void>;
}

const plot = "Two people meet, and everything turns out otherwise. ".repeat(8);

/** Makes the film library's collections. Returns the database's URL. */
export async function seedFilms({ url }: FakeMongodb): Promise<string> {
  const mongoose = createRequire(join(programsFolder, "package.json"))("mongoose") as Mongoose;
  await mongoose.connect(url);
  const numbers = (count: number) => Array.from({ length: count }, (_, i) => i + 1);
  await mongoose.connection
    .collection("films")
    .insertMany(
      numbers(1500).map((n) => ({ _id: n, title: `Film ${n}`, plot, year: 1950 + (n % 77) })),
    );
  await mongoose.connection
    .collection("rentals")
    .insertMany(
      numbers(1200).map((n) => ({ _id: n, customer: 1 + (n % 100), film: 1 + ((n * 37) % 1500) })),
    );
  await mongoose.disconnect();
  return url;
}
