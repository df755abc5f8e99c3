import { expressPg } from "./programs/express-pg.ts";
import { expressRedis } from "./programs/express-redis.ts";
import { expressSequelize } from "./programs/express-sequelize.ts";
import { fastifyKnex } from "./programs/fastify-knex.ts";
import { nestTypeorm } from "./programs/nest-typeorm.ts";
import { type Story, toStories } from "./story.ts";

/** Every story of the corpus. */
export const stories: readonly Story[] = [
  expressPg,
  fastifyKnex,
  nestTypeorm,
  expressSequelize,
  expressRedis,
].flatMap(toStories);
