import { expressMariadb } from "./programs/express-mariadb.ts";
import { expressMongoose } from "./programs/express-mongoose.ts";
import { expressPg } from "./programs/express-pg.ts";
import { expressPrisma } from "./programs/express-prisma.ts";
import { expressRedis } from "./programs/express-redis.ts";
import { expressSequelize } from "./programs/express-sequelize.ts";
import { fastifyKnex } from "./programs/fastify-knex.ts";
import { fastifySequelize } from "./programs/fastify-sequelize.ts";
import { nestKnex } from "./programs/nest-knex.ts";
import { nestTypeorm } from "./programs/nest-typeorm.ts";
import { quietShop } from "./quiet-shop.ts";
import { type ProgramStory, type Story, toStories } from "./story.ts";

export const programStories: readonly ProgramStory[] = [
  expressPg,
  fastifyKnex,
  nestTypeorm,
  expressSequelize,
  expressRedis,
  expressMariadb,
  expressMongoose,
  expressPrisma,
  nestKnex,
  fastifySequelize,
].flatMap(toStories);

/** Every story of the corpus. */
export const stories: readonly Story[] = [...programStories, quietShop];
