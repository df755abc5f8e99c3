/** Made by `web/guides-plugin.ts` of the pages beside the detectors, by title; the text of each is loaded on its own. */
declare module "virtual:guides" {
  export const guides: readonly import("./guide-node.ts").Guide[];
}
