/**
 * Faults that are known and not mended yet: the name of the test that shows one, and the letter and number under which it was reported.
 * Such a test runs as `it.fails`: it must fail today, and the run breaks as soon as it passes. Who mends a fault deletes its row here, nothing else.
 */
export const open: Readonly<Record<string, string>> = {
  // identity.test.ts
  "a jump host that leads elsewhere since its HostName or Port changed": "F1",
  "a jump host whose Match exec answers otherwise": "F1",
  "a jump host before the jump host that leads elsewhere": "F1",
  "a jump host whose identity file was replaced": "F1",
  "a ProxyCommand whose script reads a variable": "F2",
  "a ProxyCommand that is found by PATH": "F9",
  "a ProxyCommand that is found in HOME": "F9",
  "a ProxyCommand whose script was edited": "F9",
  "a library in LD_PRELOAD that leads through a proxy, after a direct call": "F10",
  "a direct call after one with a library in LD_PRELOAD that leads through a proxy": "F10",
  "an ssh_config that was replaced by one of equal size and times": "F5",
  "an identity file that was replaced by one of equal size and times": "F5",
  // resolver.test.ts
  "a name that /etc/hosts has at another address since": "F3",
  "two mount namespaces with two /etc/hosts and one runtime directory": "F3",
  "a name that LOCALDOMAIN completes": "F3",
  "a name that HOSTALIASES translates": "F3",
  "a name of which RES_OPTIONS says how to complete it": "F3",
  // credentials.test.ts
  "an agent that holds another key since": "F4",
  "an agent that was emptied, and filled again": "C",
  "an agent that was locked, and unlocked": "F4",
  "an agent that ended": "F4",
  "another agent at the same path": "F4",
  "a key that was added to an agent and is the identity file's own, which ssh offers first": "F4",
  "two agents that a relative SSH_AUTH_SOCK names in two directories, forwarded": "F12",
  "the public half of an identity file was replaced, which tells which of the agent's keys is offered": "F13",
  "a certificate that has expired": "F7",
  // passwords.test.ts
  "a wrong password by sshpass after a right one": "C",
  "a password that was changed on the server since": "F6",
  "a wrong password by SSH_ASKPASS after a right one": "F6",
  "nobody who has no password goes in after somebody who had one": "F6",
  "a password that was typed in one terminal opens nothing for another login session": "F6",
  // host-keys.test.ts
  "a file of known hosts that was emptied": "F7",
  "a file of known hosts that was removed": "C",
  "a host that ssh-keygen -R took out": "C",
  "a host that has another key in known_hosts since": "F7",
  "a host whose key known_hosts calls revoked": "F7",
  "a host's key that RevokedHostKeys names since": "F7",
  "a file of known hosts that was removed is written again with StrictHostKeyChecking no": "C",
  "a file of known hosts that was removed is written again with StrictHostKeyChecking accept-new": "C",
  "a host that has another key in known_hosts since, with StrictHostKeyChecking accept-new": "C",
  "a KnownHostsCommand whose script says another key since": "F7",
  "a KnownHostsCommand whose script reads a variable": "F7",
  // failures.test.ts
  "somebody with SSH_ASKPASS gets in where somebody with BatchMode did not": "F8",
  "somebody whose SSH_ASKPASS knows the passphrase gets in where another one's does not": "F8",
  "somebody at a terminal is asked where somebody without one was refused": "F8",
  "somebody with a long ConnectTimeout gets in where somebody with a short one gave up": "F8",
  "somebody without -q has the words that somebody with -q did not want": "F8",
  "somebody with -q has none of the words that another one was told": "F8",
};
