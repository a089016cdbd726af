/**
 * Compose files as people write them, for the tests of the edit: those that it takes, and those
 * that it refuses, with the reason.
 */

const values = `x-values:
  ACCOUNT: 12345678901234567890
  ZIP: 00501
  HUGE: 1e400
  mode: 0440
  sticky: 01777
  day: 2026-11-22
  quoted: 'it''s'
  folded: >-
    one line that is folded
    over two

    and a third
  kept: |+
    text

`;
export const service = `services:
  coolify:
    image: a   # trailing
    volumes:
      # our authority
      - /srv/ca.pem:/ca.pem:ro # with a remark

      - type: bind
        source: /srv/hosts
        target: /etc/hosts.extra
      # the end of the list
    environment: [ "A=1",   'B=2' ]
# between
  soketi:
    restart: always
`;

/** Files that can be edited. */
export const files: Record<string, string> = {
  "an empty file": "",
  "a line end only": "\n",
  "spaces only": "  ",
  "comments only": "# one\n\n  # two\n",
  "comments only, without a final line end": "# one",
  "a document start only": "---\n",
  "a document start and a comment, without a final line end": "--- # here\n# there",
  "a byte order mark": "\uFEFFservices:\n  coolify:\n    image: a\n",
  "a byte order mark before another key": "\uFEFFnetworks:\n  a:\n",
  "lists, long mounts, remarks and blank lines": service,
  "values that look like numbers": values,
  "values that look like numbers, after the services": service + values,
  "values that look like numbers, before the services": `---\n${values}${service}`,
  CRLF: (values + service).replaceAll("\n", "\r\n"),
  "CRLF, without a final line end": service.replaceAll("\n", "\r\n").slice(0, -2),
  "CRLF in one line": "networks:\r\n  a:",
  "no final line end": service.slice(0, -1),
  "no final line end and no services": "networks:\n  a:",
  "no final line end, and a service with nothing in it": "services:\n  coolify:",
  "no final line end, and volumes with nothing in them": "services:\n  coolify:\n    volumes:",
  "no final line end after the services": "services:",
  "many line ends at the end": `${service}\n\n\n`,
  "an indentation of four": service.replace(/^ +/gm, "$&$&").replace("- type", "-   type"),
  "an indentation of four, in another part": "networks:\n    a:\n        b: 1\n",
  "an indentation of one": "services:\n coolify:\n  volumes:\n  - /a:/b\n",
  "a list that is not indented under its key": "services:\n  coolify:\n    volumes:\n    - /a:/b\n    - /c:/d\n    image: a\n",
  "dashes far from their items": "services:\n  coolify:\n    volumes:\n      -   /a:/b\n      -\n          /c:/d\n",
  "an item that goes over two lines": "services:\n  coolify:\n    volumes:\n      - /a\n        b:/c\n      - {type: tmpfs, target: /t}\n",
  "a service with nothing in it": "services:\n  coolify: # later\n  soketi:\n    image: b\n",
  "volumes with nothing in them": "services:\n  coolify:\n    volumes:   # later\n    image: a\n",
  "another service only": "services:\n\n  # a watcher\n  watcher:\n    image: b\n\nnetworks: {a: {}}\n",
  "a top level that is indented": "  services:\n    coolify:\n      image: a\n  networks:\n    a:\n",
  "keys in quotes": `"services":\n  'coolify':\n    "volumes" :\n      - "/a:/b"\n`,
  "anchors elsewhere":
    "x-a: &a\n  image: a\nservices:\n  web: &web\n    <<: *a\n  other:\n    <<: *web\n    volumes: &v\n      - /a:/b\n  third:\n    volumes: *v\n",
  "a merge key beside volumes of its own":
    "x-a: &a {volumes: [/x:/y]}\nservices:\n  coolify:\n    <<: *a\n    volumes:\n      - /a:/b\n  soketi:\n    volumes:\n      - /a:/b\n",
  "an anchor that nothing uses": "services: &s\n  coolify: &c\n    volumes: &v\n      - /a:/b\n",
  "an item by its alias": "x-m: &m /a:/b\nservices:\n  coolify:\n    volumes:\n      - *m\n",
  "a tag of compose": "services:\n  coolify:\n    volumes: !override\n      - /a:/b\n",
  "a tab between a key and its remark": "services:\t# s\n  coolify:\t\t# c\n    image:\ta\n",
  "many anchors": `x-l: &l {a: {b: c}}\nservices:\n${Array.from({ length: 150 }, (_, n) => `  s${n}:\n    logging: *l\n`).join("")}`,
  "services in { }": "services: {coolify: {image: a}}\n",
  "a service in { }": "services:\n  coolify: {}\n",
  "volumes in [ ]": "services:\n  coolify:\n    volumes: [ /a:/b ]\n",
  "a top level in { }": "{services: {}}\n",
  "a key in the long form": "services:\n  coolify:\n    image: a\n    ? volumes\n    : - /a:/b\n",
  "a list below an anchor": "services:\n  coolify:\n    volumes:\n      &v\n      - /a:/b\n",
  "a document end": "networks:\n  a:\n...\n",
  "a mark that somebody else made": "services: # added by sshim\n",
  "a text block that begins with a dash": "x: |\n  services:\n    coolify:\n      volumes:\n        - /a:/b\n",
};

/** Files that cannot, and what is said. */
export const refused: Record<string, [text: string, why: string]> = {
  "volumes by a merge key": ["x-c: &c\n  volumes:\n    - /a:/b\nservices:\n  coolify:\n    <<: *c\n", "may come by a merge key"],
  "a service by a merge key": ["x-s: &s\n  coolify:\n    image: a\nservices:\n  <<: *s\n", "may come by a merge key"],
  "services by a merge key": ["x-t: &t\n  services:\n    coolify:\n      image: a\n<<: *t\n", "may come by a merge key"],
  "services that are an alias": ["x-s: &s\n  web:\n    image: a\nservices: *s\n", "services is an alias (*s)"],
  "a service that is an alias": ["x-c: &c\n  image: a\nservices:\n  coolify: *c\n", "coolify is an alias (*c)"],
  "volumes that are an alias": ["x-v: &v\n  - /a:/b\nservices:\n  coolify:\n    volumes: *v\n", "volumes is an alias (*v)"],
  "volumes that another service uses": [
    "services:\n  coolify:\n    volumes: &v\n      - /a:/b\n  web:\n    volumes: *v\n",
    "volumes is used elsewhere too, as *v",
  ],
  "empty volumes that another service uses": ["services:\n  coolify:\n    volumes: &v\n  web:\n    volumes: *v\n", "as *v"],
  "a service that another one merges": [
    "services:\n  coolify: &c\n    image: a\n  web:\n    <<: *c\n",
    "coolify is used elsewhere too, as *c",
  ],
  "volumes that are not a list": ["services:\n  coolify:\n    volumes: /a:/b\n", "volumes is not a list"],
  "a service that is not a mapping": ["services:\n  coolify: ~\n", "coolify is not a mapping"],
  "volumes that are taken out": ["services:\n  coolify:\n    volumes: !reset\n", "volumes is taken out by !reset"],
  "a text block at the end, without a line end": ["x: |\n  text", "the file would not read as before"],
  "two documents": ["a: 1\n---\nb: 2\n", "it holds more than one document"],
  "tabs for indentation": ["services:\n\tcoolify:\n", "Tabs are not allowed"],
  "a list": ["- a\n", "its top level is not a mapping"],
  "an alias of nothing": ["a: *b\n", "Unresolved alias"],
};
