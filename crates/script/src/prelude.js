// The world of a script: variables and beans of its context, and what of Java models use.
//
// `host` has the functions of bridge.rs; `names` are the words of the script that may stand for variables. Answers how a
// result and an exception leave.
(function (host, names) {
  'use strict';
  const handles = new WeakMap();
  const classes = new WeakMap();
  const BPMN_ERROR = 'org.camunda.bpm.engine.delegate.BpmnError';
  const hidden = (target, members) => {
    for (const name of Object.keys(members)) {
      Object.defineProperty(target, name, { value: members[name], writable: true, configurable: true, enumerable: false });
    }
  };
  const text = value => (value === null || value === undefined ? 'null' : String(value));
  const same = (a, b) => a === b || (a !== null && typeof a === 'object' && typeof a.equals === 'function' && a.equals(b));

  class JavaList extends Array {
    static get [Symbol.species]() { return Array; }
  }
  hidden(JavaList.prototype, {
    size() { return this.length; },
    isEmpty() { return this.length === 0; },
    get(index) {
      if (index < 0 || index >= this.length) throw new RangeError(`Index ${index} out of bounds for length ${this.length}`);
      return this[index];
    },
    set(index, value) { const before = this.get(index); this[index] = value; return before; },
    add(first, second) {
      if (arguments.length > 1) this.splice(first, 0, second); else this.push(first);
      return true;
    },
    addAll(other) { for (const item of other) this.push(item); return true; },
    remove(what) {
      const place = typeof what === 'number' ? what : this.indexOf(what);
      return place < 0 ? false : this.splice(place, 1)[0];
    },
    clear() { this.length = 0; },
    contains(what) { return this.some(item => same(item, what)); },
    indexOf(what) { return this.findIndex(item => same(item, what)); },
    toString() { return `[${this.map(text).join(', ')}]`; },
    toArray() { return Array.from(this); },
  });

  const JavaMap = { __proto__: null };
  const JavaMapPrototype = Object.create(Object.prototype);
  hidden(JavaMapPrototype, {
    size() { return Object.keys(this).length; },
    isEmpty() { return Object.keys(this).length === 0; },
    get(key) { return Object.hasOwn(this, key) ? this[key] : null; },
    getOrDefault(key, other) { return Object.hasOwn(this, key) ? this[key] : other; },
    put(key, value) { const before = JavaMapPrototype.get.call(this, key); this[key] = value; return before; },
    putAll(other) { for (const key of Object.keys(other)) this[key] = other[key]; },
    remove(key) { const before = JavaMapPrototype.get.call(this, key); delete this[key]; return before; },
    containsKey(key) { return Object.hasOwn(this, key); },
    containsValue(value) { return Object.values(this).some(entry => same(entry, value)); },
    keySet() { return list('java.util.LinkedHashSet', Object.keys(this)); },
    values() { return list('java.util.ArrayList', Object.values(this)); },
    entrySet() {
      const entries = Object.keys(this).map(key => ({ getKey: () => key, getValue: () => this[key] }));
      return list('java.util.LinkedHashSet', entries);
    },
    clear() { for (const key of Object.keys(this)) delete this[key]; },
    toString() { return `{${Object.keys(this).map(key => `${key}=${text(this[key])}`).join(', ')}}`; },
  });

  function list(className, items) {
    const made = new JavaList();
    for (const item of items) made.push(item);
    classes.set(made, className);
    return made;
  }

  function map(className, keys, values) {
    const made = Object.create(JavaMapPrototype);
    keys.forEach((key, place) => { made[key] = values[place]; });
    classes.set(made, className);
    return made;
  }

  // The numbers of the host are floating ones: so is what is calculated with them, which is a Double when it leaves.
  const floating = number => (Math.abs(number) < 2 ** 50 ? number + 0.5 - 0.5 : number);
  function come(value) {
    if (typeof value === 'number') return floating(value);
    if (value === null || typeof value !== 'object') return value;
    switch (value[0]) {
      case 'list': return list(value[1], value[2].map(come));
      case 'map': return map(value[1], value[2], value[3].map(come));
      default: return held(value[1], value[2]);
    }
  }

  function called(method, name, answer) {
    if (typeof name === 'string') {
      if (method === 'getVariable') return known(name, answer);
      if (method === 'setVariable' || method === 'removeVariable') objects.delete(name);
    }
    if (method.startsWith('set')) define();
    return come(answer);
  }

  const methods = {
    get(target, name) {
      if (name === Symbol.toPrimitive) {
        const isDate = target.className === 'java.util.Date';
        return hint => come(host.call(target.handle, isDate && hint === 'number' ? 'getTime' : 'toString'));
      }
      if (typeof name === 'symbol' || (name === 'toJSON' && !target.className.startsWith('org.camunda.spin.json.'))) return undefined;
      if (name === 'toJSON') return () => JSON.parse(come(host.call(target.handle, 'toString')));
      const property = host.property(target.handle, name);
      if (property !== undefined) return come(property);
      return (...given) => called(name, given[0], host.call(target.handle, name, ...given.map(value => go(value, 0))));
    },
    set(target, name, value) {
      host.call(target.handle, `set${name.charAt(0).toUpperCase()}${name.slice(1)}`, go(value));
      define();
      return true;
    },
    has() { return true; },
  };

  function held(handle, className) {
    const made = new Proxy({ handle, className }, methods);
    handles.set(made, [handle, className]);
    return made;
  }

  function go(value, level) {
    if (typeof level !== 'number') level = 0;
    if (value === undefined || value === null) return null;
    if (typeof value === 'function') throw new TypeError('a function is no value');
    if (typeof value === 'symbol') throw new TypeError('a symbol is no value');
    if (typeof value === 'bigint') return Number(value);
    if (typeof value !== 'object') return value;
    if (level > 30) throw new RangeError('lists and maps are nested too deep');
    if (handles.has(value)) return ['held', ...handles.get(value)];
    if (value instanceof Number || value instanceof String || value instanceof Boolean) return value.valueOf();
    if (value instanceof Date) return host.date(value.getTime());
    if (Array.isArray(value)) {
      return ['list', classes.get(value) || 'java.util.ArrayList', Array.from(value, item => go(item, level + 1))];
    }
    const keys = Object.keys(value);
    return ['map', classes.get(value) || 'java.util.LinkedHashMap', keys, keys.map(key => go(value[key], level + 1))];
  }

  // A list, map or node is the same object however often a script asks for it, and what it does to a list or map is
  // stored in the end.
  const objects = new Map();
  function known(name, found) {
    const isObject = found !== null && typeof found === 'object';
    if (!isObject) return come(found);
    if (!objects.has(name)) objects.set(name, { object: come(found), before: found[0] === 'held' ? null : JSON.stringify(found) });
    return objects.get(name).object;
  }
  function store(owner) {
    for (const [name, { object, before }] of objects) {
      if (before !== null && JSON.stringify(go(object)) !== before) owner.setVariable(name, object);
    }
  }

  // A variable is looked up whenever its name is used, for the script itself may change it.
  const absent = new Set();
  function define() {
    for (const name of absent) {
      const found = host.resolve(name);
      if (found === undefined) continue;
      absent.delete(name);
      Object.defineProperty(globalThis, name, {
        configurable: true,
        enumerable: true,
        get: () => (objects.has(name) ? objects.get(name).object : known(name, host.resolve(name))),
        set: value => {
          Object.defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: true });
        },
      });
    }
  }

  class JavaException extends Error {
    constructor(message) { super(message); }
    getMessage() { return this.message; }
  }
  const exception = className => {
    const made = class extends JavaException {};
    hidden(made.prototype, { className });
    return made;
  };
  class BpmnError extends JavaException {
    constructor(code, message) {
      super(message === undefined ? '' : text(message));
      hidden(this, { code: text(code), given: message === undefined ? null : text(message) });
    }
    getErrorCode() { return this.code; }
  }

  const of = (className, make) => function () { const made = make(...arguments); classes.set(made, className); return made; };
  const asList = className => of(className, from => list(className, typeof from === 'object' && from !== null ? from : []));
  const asMap = className => of(className, from => {
    const keys = typeof from === 'object' && from !== null ? Object.keys(from) : [];
    return map(className, keys, keys.map(key => from[key]));
  });
  const number = (className, whole) => {
    const parse = value => {
      const parsed = typeof value === 'number' ? value : Number(text(value).trim() === '' ? NaN : value);
      if (Number.isNaN(parsed) || (whole && !Number.isInteger(parsed))) {
        throw new JavaException(`For input string: "${text(value)}"`);
      }
      return parsed;
    };
    return Object.assign(parse, { valueOf: parse, parseInt: parse, parseLong: parse, parseDouble: parse, parseFloat: parse, toString: text });
  };
  const spin = name => value => come(host.function(name, go(value, 0)));
  const silent = () => undefined;
  const java = {
    'java.util.ArrayList': asList('java.util.ArrayList'),
    'java.util.LinkedList': asList('java.util.LinkedList'),
    'java.util.HashSet': asList('java.util.HashSet'),
    'java.util.HashMap': asMap('java.util.HashMap'),
    'java.util.LinkedHashMap': asMap('java.util.LinkedHashMap'),
    'java.util.TreeMap': asMap('java.util.TreeMap'),
    'java.util.Arrays': { asList: (...items) => list('java.util.ArrayList', items) },
    'java.util.Date': function (ms) { return come(host.date(ms === undefined ? Number(come(host.function('now')).getTime()) : Number(ms))); },
    'java.lang.Integer': number('java.lang.Integer', true),
    'java.lang.Long': number('java.lang.Long', true),
    'java.lang.Short': number('java.lang.Short', true),
    'java.lang.Double': number('java.lang.Double', false),
    'java.lang.Float': number('java.lang.Float', false),
    'java.lang.Boolean': { parseBoolean: value => text(value).toLowerCase() === 'true', valueOf: value => text(value).toLowerCase() === 'true', TRUE: true, FALSE: false },
    'java.lang.String': Object.assign(function (value) { return text(value === undefined ? '' : value); }, { valueOf: text }),
    'java.lang.Math': Math,
    'java.lang.Thread': { sleep: silent },
    'java.lang.System': { out: { println: silent, print: silent, printf: silent }, err: { println: silent, print: silent }, currentTimeMillis: () => Date.now() },
    'org.camunda.spin.Spin': { S: spin('S'), JSON: spin('JSON'), XML: spin('XML') },
    'org.camunda.bpm.engine.delegate.BpmnError': BpmnError,
  };
  for (const name of ['java.lang.Exception', 'java.lang.RuntimeException', 'java.lang.IllegalArgumentException',
    'java.lang.IllegalStateException', 'org.camunda.bpm.engine.ProcessEngineException']) {
    java[name] = exception(name);
  }
  const type = name => {
    if (!Object.hasOwn(java, name)) throw new ReferenceError(`the Java class ${name} is not available to scripts`);
    return java[name];
  };
  const packages = path => new Proxy(function () {}, {
    get(_, name) {
      if (typeof name === 'symbol') return undefined;
      const full = path === '' ? name : `${path}.${name}`;
      return Object.hasOwn(java, full) ? java[full] : packages(full);
    },
    apply() { throw new ReferenceError(`the Java class ${path} is not available to scripts`); },
    construct() { throw new ReferenceError(`the Java class ${path} is not available to scripts`); },
  });
  hidden(globalThis, {
    Java: { type, from: value => Array.from(value), to: value => list('java.util.ArrayList', value) },
    Packages: packages(''), java: packages('java'), javax: packages('javax'), org: packages('org'), com: packages('com'),
    S: spin('S'), XML: spin('XML'), print: silent,
  });
  hidden(String.prototype, {
    equals(other) { return String(this) === other; },
    equalsIgnoreCase(other) { return String(this).toLowerCase() === text(other).toLowerCase(); },
    contains(part) { return this.includes(part); },
    isEmpty() { return this.length === 0; },
    hashCode() { let hash = 0; for (let i = 0; i < this.length; i++) hash = (Math.imul(31, hash) + this.charCodeAt(i)) | 0; return hash; },
  });
  for (const name of names) {
    if (!(name in globalThis)) absent.add(name);
  }
  define();
  return {
    result: value => {
      const owner = host.resolve('task') || host.resolve('execution');
      if (owner && owner[0] === 'held') store(come(owner));
      return go(value);
    },
    exception: thrown => {
      if (thrown instanceof BpmnError) return [BPMN_ERROR, thrown.code, thrown.given];
      if (thrown instanceof Error) return ['', `${thrown.name}: ${thrown.message}`, null];
      return ['', text(thrown), null];
    },
  };
})
