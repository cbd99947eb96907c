// Loaded before a server that listens on all interfaces: nothing of a development fleet belongs on the network.
import { Server } from "node:net";

const listen = Server.prototype.listen;
Server.prototype.listen = function (...args) {
  const [first, ...rest] = args;
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  if (isPort)
    return listen.call(
      this,
      { port: Number(first), host: "127.0.0.1" },
      ...rest.filter((a) => typeof a === "function"),
    );
  if (first && typeof first === "object" && first.port !== undefined)
    return listen.call(this, { ...first, host: "127.0.0.1" }, ...rest);
  return listen.apply(this, args);
};
