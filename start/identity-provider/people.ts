// Who can sign in during development: somebody of each layer of lib/domain/permissions.ts, and a second one where two are needed.
export interface Person {
  /** The subject, and the value of the button. */
  id: string;
  name: string;
  email: string;
  groups: string[];
  role: string;
  /** What the person may do, one sentence. */
  may: string;
}

export const PEOPLE: readonly Person[] = [
  {
    id: "rosa",
    name: "Rosa Root",
    email: "rosa@tocsin.example",
    groups: ["tocsin-root"],
    role: "Root operator",
    may: "Runs the platform: its processes, its own alerts and who watches it. Reads no tenant's content.",
  },
  {
    id: "remy",
    name: "Remy Root",
    email: "remy@tocsin.example",
    groups: ["tocsin-root"],
    role: "Root operator",
    may: "The same as Rosa: the second person where one alone must not decide.",
  },
  {
    id: "omar",
    name: "Omar Operator",
    email: "omar@tocsin.example",
    groups: ["tocsin-operator-acme"],
    role: "Operator of Acme",
    may: "Registers servers, sets sinks and policies, acknowledges and resolves incidents of Acme.",
  },
  {
    id: "olga",
    name: "Olga Operator",
    email: "olga@tocsin.example",
    groups: ["tocsin-operator-acme"],
    role: "Operator of Acme",
    may: "The same as Omar: the second person where one alone must not decide.",
  },
  {
    id: "aida",
    name: "Aida Auditor",
    email: "aida@tocsin.example",
    groups: ["tocsin-auditor"],
    role: "Auditor",
    may: "Reads everything, the audit log included, and changes nothing.",
  },
  {
    id: "carl",
    name: "Carl Customer",
    email: "carl@acme.example",
    groups: ["tocsin-customer-acme"],
    role: "Customer, Acme",
    may: "Sees Acme's servers and incidents and sets Acme's own servers and sinks.",
  },
];

export const personById = (id: string): Person | undefined => PEOPLE.find((p) => p.id === id);
