import { door } from "../../../_server/door.ts";

export { door as GET, door as POST };
