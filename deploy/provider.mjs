// An OpenID provider for a trial (npm: oidc-provider): node provider.mjs FOLDER PORT
// FOLDER has node_modules. Anybody signs in under any name with any password, so it is for a trial
// alone. It forgets everything when it ends.
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [folder, port] = process.argv.slice(2);
const library = createRequire(`${folder}/`).resolve("oidc-provider");
const { default: Provider } = await import(pathToFileURL(library).href);
const issuer = `http://127.0.0.1:${port}`;

const provider = new Provider(issuer, {
  scopes: ["openid", "offline_access", "a2a"],
  features: {
    devInteractions: { enabled: true },
    registration: { enabled: true }, // hosts register themselves
    resourceIndicators: {
      enabled: true,
      useGrantedResource: () => true,
      // A token for the bridge is a JWT that names it.
      getResourceServerInfo: (_context, resource) => ({
        scope: "a2a",
        audience: resource,
        accessTokenFormat: "jwt",
      }),
    },
  },
  findAccount: (_context, id) => ({ accountId: id, claims: async () => ({ sub: id }) }),
});
provider.listen(Number(port), () => console.log(issuer));
