/** A message that a careless or hostile producer may send, and what must become of it. */
export interface HostileInput {
  readonly name: string;
  readonly payload: Uint8Array | null;
  /** `row`: its rows make the message again; `filtered`; or the code of the failure. */
  readonly ends: 'row' | 'filtered' | `flatten.${string}`;
}

const encoder = new TextEncoder();
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

const bytes = (hex: string): Uint8Array => Uint8Array.fromHex(hex.replaceAll(' ', ''));
const mebibyte = 1024 * 1024;

const row = (name: string, text: string): HostileInput => ({ name, payload: utf8(text), ends: 'row' });
const rows = (texts: Readonly<Record<string, string>>): readonly HostileInput[] =>
  Object.entries(texts).map(([name, text]) => row(name, text));
const refused =
  (code: 'not-utf8' | 'not-json' | 'empty' | 'too-deep') =>
  (name: string, payload: Uint8Array | string): HostileInput => ({
    name,
    payload: typeof payload === 'string' ? utf8(payload) : payload,
    ends: `flatten.${code}`,
  });
const notUtf8 = refused('not-utf8');
const notJson = refused('not-json');
const empty = refused('empty');
const tooDeep = refused('too-deep');

const repeat = (count: number, of: (index: number) => string): string => Array.from({ length: count }, (_, index) => of(index)).join(',');
const object = (members: Readonly<Record<string, unknown>>): string => JSON.stringify(members);
/** @param levels - lists or objects within each other */
const nested = (opening: string, closing: string, levels: number): string => `${opening.repeat(levels)}1${closing.repeat(levels)}`;

/** `{"text":"xxx…"}` of exactly so many bytes. */
const ofSize = (size: number): string => `{"text":"${'x'.repeat(size - 11)}"}`;

const nothing: readonly HostileInput[] = [
  { name: 'a tombstone', payload: null, ends: 'filtered' },
  empty('no bytes', ''),
  empty('white space', ' \r\n\t'),
  empty('a byte order mark and nothing else', bytes('ef bb bf')),
];

const notText: readonly HostileInput[] = [
  notUtf8('a byte that no UTF-8 has', bytes('7b ff 7d')),
  notUtf8('a character that is cut off', bytes('22 e2 82')),
  notUtf8('an overlong slash', bytes('22 c0 af 22')),
  notUtf8('a surrogate in UTF-8', bytes('22 ed a0 80 22')),
  notUtf8('a code point beyond the last', bytes('22 f4 90 80 80 22')),
  notUtf8('Latin-1', bytes('22 63 61 66 e9 22')),
  notUtf8('UTF-16 with a byte order mark', bytes('ff fe 7b 00 7d 00')),
  notUtf8('UTF-16 in JSON that is otherwise right', bytes('7b 22 61 22 3a 31 7d d8 00')),
  notUtf8('gzip', bytes('1f 8b 08 00 00 00 00 00 00 03 ab ae 05 00 43 bf a6 a3 02 00 00 00')),
];

const notObjects: readonly HostileInput[] = [
  notJson('words', 'hello'),
  notJson('a member without a value', '{"a":}'),
  notJson('an object that does not end', '{"a":1'),
  notJson('two messages in one', '{"a":1}{"a":2}'),
  notJson('a number that JSON has not', '{"a":NaN}'),
  notJson('a control character in a string', '"a\u0001b"'),
  notJson('NUL bytes', '\0\0\0\0'),
  notJson('XML', '<?xml version="1.0"?><a/>'),
  notJson('terminal control sequences', '\u001b[2J\u001b]0;owned\u0007'),
  notJson('10 MB that break at the end', `${ofSize(10 * mebibyte)}]`),
  notJson('a million quotes', '"'.repeat(1_000_001)),
  notJson('a million backslashes in a string', `"${'\\'.repeat(1_000_001)}"`),
];

const deep: readonly HostileInput[] = [
  tooDeep('lists 100,000 deep', nested('[', ']', 100_000)),
  tooDeep('lists 100,000 deep that never end', '['.repeat(100_000)),
  tooDeep('objects 100,000 deep', nested('{"a":', '}', 100_000)),
  tooDeep('objects in lists 100,000 deep that never end', '[{"a":'.repeat(50_000)),
  tooDeep('one level more than allowed', `{"deep":${nested('[', ']', 200)}}`),
  notJson('100,000 closings before 100,000 openings', `${']'.repeat(100_000)}${'['.repeat(100_000)}`),
  row('as many lists as allowed', `{"deep":${nested('[', ']', 199)}}`),
  row('as many objects as allowed', nested('{"o":', '}', 200)),
  row('brackets in a string', object({ text: `${'['.repeat(100_000)}\\"{` })),
];

const keys = rows({
  'a key twice': '{"twice":1,"twice":{"x":2},"twice":"last"}',
  'a key twice, the last time null': '{"twice":1,"twice":null}',
  'a key twice, the first time with a number that no double holds': '{"twice":12345678901234567890,"twice":"last"}',
  '__proto__ and constructor':
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"toString":1,"hasOwnProperty":"x"}',
  '__proto__ beside a number that no double holds': '{"__proto__":{"polluted":12345678901234567890},"constructor":[1]}',
  '__proto__ as text': '{"__proto__":"text","prototype":null}',
  'keys that differ in case only': '{"Total":1,"total":2,"TOTAL":3,"ToTaL":{"Total":4,"total":5}}',
  'keys that differ in Unicode form only': '{"caf\u00e9":1,"cafe\u0301":2,"\ufb01":3,"fi":4,"\u212b":5,"\u00c5":6}',
  'keys that one case mapping joins': '{"\u0130":1,"i\u0307":2,"ss":3,"\u00df":4,"\u017f":5,"s":6,"K":7,"\u212a":8}',
  'reserved words': object({
    select: 1,
    from: 2,
    table: 3,
    order: 4,
    group: 5,
    index: { where: 6 },
    values: [7],
    null: 8,
    rowid: 9,
    oid: 10,
  }),
  SQL: object({ '];DROP TABLE dsf_raw;--': 1, '"; DROP TABLE dsf_raw; --': { "'; DELETE FROM dsf_raw; --": [2] }, '`': 3, "''": 4 }),
  "DSF's own names": object({
    _dsf_off: 1,
    _dsf_rest: 2,
    _DSF_ROW: 3,
    $key: 4,
    $n: [5],
    $item: { $of: 6 },
    $value: 7,
    dsf_raw: { a: 1 },
    sqlite_master: [8],
  }),
  'a key of 300 letters': object({ ['k'.repeat(300)]: 1, [`${'k'.repeat(300)}2`]: { ['l'.repeat(300)]: ['x'] } }),
  'a key of a million letters': object({ ['m'.repeat(1_000_000)]: 1 }),
  'an empty key': '{"":1," ":2,"  ":{"":{"":3}}}',
  'keys without a letter': object({
    '-': 1,
    '.': 2,
    '..': { '.': 3 },
    '\\': 4,
    '\\.': 5,
    '*': 6,
    '[0]': 7,
    '/': 8,
    '\u0000': 9,
    '\t\n': 10,
    '\u200b': 11,
    '\u202e': 12,
  }),
  'lone surrogates in keys': String.raw`{"\ud800":1,"\udc00":{"\udfff":2},"a\ud83d":3,"\ud83d\ude00":4}`,
  'keys like numbers': '{"0":1,"1":[2],"-1":3,"1e3":4,"01":5}',
  'keys like what DSF adds to names': '{"items":[1],"items__n":5,"items__v_text":"x","x":1,"x__v_text":2,"x__v_number":3}',
});

const wide: readonly HostileInput[] = [
  row('1,100 keys', `{"wide":{${repeat(1100, (index) => `"k${index}":${index}`)}}}`),
  row('2,500 keys', `{"wider":{${repeat(2500, (index) => `"k${index}":"${index}"`)}}}`),
  row('50,000 keys', `{"widest":{${repeat(50_000, (index) => `"k${index}":${index}`)}}}`),
  row('300 objects, each of a table of its own', `{"many":{${repeat(300, (index) => `"t${index}":{"a":1}`)}}}`),
];

const values = rows({
  'NUL in a string': String.raw`{"text":"a\u0000b"}`,
  'lone surrogates in strings': String.raw`{"text":"\ud800","list":["\udc00","\ud83d\ude00","a\udfffb"]}`,
  'every control character': object({ text: Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).join('') }),
  'U+2028, noncharacters and the replacement character': '{"text":"\u2028\u2029\ufffd\uffff\ufdd0\u{10ffff}"}',
  'a byte order mark before the message': '\ufeff{"text":"marked"}',
  'byte order marks inside it': '{"text":"\ufeffx","\ufeffk":"\ufeff"}',
  'text that looks like DSF’s own JSON': object({ text: '{"n":"1"}', n: '1', l: [1], m: { n: 'x' } }),
  'a million characters outside the first plane': object({ text: '\u{1f600}'.repeat(250_000) }),
  '1e400': '{"number":1e400}',
  '-1E-400': '{"number":-1E-400}',
  '2^53 + 1': '{"number":9007199254740993}',
  'the ends of 64 bits': '{"list":[9223372036854775807,-9223372036854775808,9223372036854775808,-9223372036854775809]}',
  zeros: '{"list":[0,-0,0.0,-0.0,0e999999999,0E-5]}',
  'numbers that a double rounds':
    '{"list":[0.1,0.30000000000000004,1.7976931348623157e308,5e-324,123456789012345678901234567890.123456789012]}',
  'an exponent of 30 digits': `{"list":[1e${'9'.repeat(30)},-1e-${'9'.repeat(30)}]}`,
  'a number of 40,000 digits': `{"number":${'7'.repeat(40_000)}.${'3'.repeat(40_000)}}`,
  'a number of a million zeros': `{"number":1${'0'.repeat(1_000_000)}1}`,
  'a number with a million leading zeros behind its point': `{"number":0.${'0'.repeat(1_000_000)}1}`,
  'one path with every type': '{"list":[1,"1",true,null,1.5,1e400,{"a":1},[1],[],{},"1e400",false]}',
});

const shapes = rows({
  'text alone': '"text"',
  'a number alone': '12345678901234567890',
  'true alone': 'true',
  'null alone': 'null',
  'an empty object': '{}',
  'an empty list': '[]',
  'a list of roots': '[{"id":1},{"id":2,"items":[1]}]',
  'a list of scalars, nulls and lists': '[1,"a",null,true,[],[1,[2]],{}]',
  'a list of one null': '[null]',
  'lists of lists': '{"list":[[1,2],[],[[3],[[4]]],null,[null],[{"a":[[5]]}]]}',
  'a scalar where a list was': '{"list":5}',
  'an object where a list was': '{"list":{"a":1}}',
  'a list where a scalar was': '{"text":["a",["b"]],"number":[1]}',
  'an object where a scalar was': '{"text":{"a":"b"},"number":{"a":1}}',
  'null where a list was': '{"list":null}',
  'white space all over': ' {\n\t"text" : [ 1 ,\r\n 2 ] } \n',
});

const large: readonly HostileInput[] = [
  row('10 MB', ofSize(10 * mebibyte)),
  row('32 MB', ofSize(32 * mebibyte)),
  row('10 MB of list items', `{"items":[${repeat(80_000, (index) => `{"n":${index},"text":"${'y'.repeat(110)}"}`)}]}`),
  row('100,000 items', `{"items":[${repeat(100_000, (index) => `{"n":${index}}`)}]}`),
  row('100,000 empty lists', `{"empties":[${repeat(100_000, () => '[]')}]}`),
  row('10 MB that JSON must escape', object({ text: '\u0001'.repeat(1_750_000) })),
];

/** Every input of semantics.md, section 7, by name, and its neighbours. */
export const hostileInputs: readonly HostileInput[] = [
  ...nothing,
  ...notText,
  ...notObjects,
  ...deep,
  ...keys,
  ...values,
  ...shapes,
  ...wide,
  ...large,
];
