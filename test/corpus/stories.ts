import { expressPg } from "./programs/express-pg.ts";
import { type Story, toStories } from "./story.ts";

/** Every story of the corpus. */
export const stories: readonly Story[] = [expressPg].flatMap(toStories);
