import { setImmediate as turn } from "node:timers/promises";
import express from "express";
import { serve } from "./serve.ts";

interface Invoice {
  readonly number: number;
  readonly cents: number;
  readonly issued: Date;
}

const app = express();
const invoices: readonly Invoice[] = Array.from({ length: 120_000 }, (_, number) => ({
  number,
  cents: (number * 7919) % 100_000,
  issued: new Date(Date.UTC(2025, 0, 1, 0, 4 * number)),
}));
const euro = new Intl.NumberFormat("de-DE", { style: "currency", currency: "EUR" });
const day = new Intl.DateTimeFormat("de-DE", { dateStyle: "short" });

function toLine({ number, cents, issued }: Invoice): string {
  return `${number};${day.format(issued)};${euro.format(cents / 100)}\n`;
}

/** The size of the year's statement: every line is written in one go, and nobody else is served meanwhile. */
app.get("/statement", (_request, response) => {
  let bytes = 0;
  for (const invoice of invoices) bytes += Buffer.byteLength(toLine(invoice));
  response.json({ lines: invoices.length, bytes });
});

/** The same, with a turn for the others after every thousand lines. */
app.get("/statement-in-turns", async (_request, response) => {
  let bytes = 0;
  for (const [i, invoice] of invoices.entries()) {
    bytes += Buffer.byteLength(toLine(invoice));
    if (i % 1_000 === 0) await turn();
  }
  response.json({ lines: invoices.length, bytes });
});

serve(app);
