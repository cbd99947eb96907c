import { hearLogout } from "../../_server/back-channel.ts";

export { hearLogout as POST };
