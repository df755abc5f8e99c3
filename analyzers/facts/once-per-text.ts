/**
 * A fact about a text that comes again and again, a query or the name of a span, worked out once. So many texts are
 * remembered; then they are worked out anew.
 */
export function oncePerText<Fact>(
  compute: (text: string) => Fact,
  textsMax = 10_000,
): (text: string) => Fact {
  const known = new Map<string, Fact>();
  return (text) => {
    let fact = known.get(text);
    if (fact === undefined) {
      fact = compute(text);
      if (known.size >= textsMax) known.clear();
      known.set(text, fact);
    }
    return fact;
  };
}
