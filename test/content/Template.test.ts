import * as Template from "@fibercast/content/Template"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"

const compiled = (source: string, options?: Template.CompileOptions) =>
  Result.getOrThrow(Template.compile(source, options))

const rendered = (source: string, values: Record<string, string>, options?: Template.CompileOptions) =>
  Result.getOrThrow(Template.render(compiled(source, options), values))

const refusal = (source: string, values: Record<string, string> = {}) =>
  Result.getOrThrow(Result.flip(Template.render(compiled(source), values)))

const flaw = (source: string, options?: Template.CompileOptions) =>
  Result.getOrThrow(Result.flip(Template.compile(source, options)))

describe("Template", () => {
  it("text outside tags is kept to the last character", () => {
    const text = "*Halo* _Siti_ 👋\r\n\r\n  ~x~ `code` {name} }} %} <b>&amp;\u200D\u00A0 \t\n"
    assert.strictEqual(rendered(text, {}), text)
    assert.strictEqual(rendered(`${text}{{ a }}${text}`, { a: "1" }), `${text}1${text}`)
    assert.strictEqual(rendered(`${text}{% if a %}${text}{% endif %}`, { a: "1" }), text + text)
  })

  it("values are put in as they are, and never read as a template", () => {
    assert.strictEqual(rendered("[{{ a }}]", { a: " {{ b }} <b> " }), "[ {{ b }} <b> ]")
    assert.strictEqual(rendered("{% if a %}[{{ a }}]{% endif %}", { a: "{% raw %}" }), "[{% raw %}]")
  })

  it("names may have spaces in brackets, and letters of any script", () => {
    assert.strictEqual(rendered('{{ ["First Name"] }} {{ имя }}', { "First Name": "Siti", имя: "Ан" }), "Siti Ан")
  })

  const names: ReadonlyArray<readonly [string, ReadonlyArray<string>, ReadonlyArray<string>]> = [
    ["Hi {{ name }}, {{ class | upcase }} {{ name }}", ["name", "class"], []],
    ["Hi {{ name | default: 'friend' }}", [], ["name"]],
    ["Hi {{ name | strip | default: 'friend' }}", [], ["name"]],
    ["{{ nick | default: name }}", ["name"], ["nick"]],
    ["{{ nick | default: name | default: 'you' }}", [], ["nick", "name"]],
    ["{{ a | append: b }}", ["a", "b"], []],
    ["{% if vip == 'yes' %}{{ code }}{% endif %}{{ name }}", ["name"], ["vip", "code"]],
    ["{% case a %}{% when b %}x{% endcase %}{% unless c %}x{% endunless %}", [], ["a", "b", "c"]],
    ["{% assign t = title | default: 'Mr' %}{{ t }} {{ name }}", ["name"], ["title"]],
    ["{% assign name = name | capitalize %}{{ name }}", ["name"], []],
    ["{% assign xs = list | split: ';' %}{% for x in xs %}{{ x }}{{ forloop.index }}{% endfor %}", ["list"], []],
    ["{% capture c %}{{ a }}{% endcapture %}{{ c }}", ["a"], []],
    ["{% raw %}{{ a }}{% endraw %}{% comment %}{{ b }}{% endcomment %}", [], []]
  ]
  for (const [source, required, optional] of names) {
    it(`${source} requires ${required.join(", ") || "nothing"}`, () => {
      const template = compiled(source)
      assert.deepStrictEqual([template.required, template.optional], [required, optional])
      assert.sameMembers([...template.variables], [...required, ...optional])
    })
  }

  const missing: ReadonlyArray<readonly [string, Record<string, string>, string]> = [
    ["Hi {{ name }},", {}, "name"],
    ["Hi {{ name }},", { name: "" }, "name"],
    ["Hi {{ name }},", { name: " \u00A0\n" }, "name"],
    ["Hi {{ name | upcase }},", { name: " " }, "name"],
    ["Hi {{ toString }},", {}, "toString"],
    ["{% if vip == 'yes' %}code {{ code }}{% endif %}", { vip: "yes" }, "code"],
    ["{% if vip == 'yes' %}code {{ a | append: code }}{% endif %}", { vip: "yes", a: "1" }, "code"],
    ["{% if f %}{% assign t = 'Mrs' %}{% endif %}Dear {{ t }},", {}, "t"]
  ]
  for (const [source, values, variable] of missing) {
    it(`${source} with ${JSON.stringify(values)} lacks ${variable}`, () => {
      const failure = refusal(source, values)
      assert.strictEqual(failure.message, `There is no value for {{ ${variable} }}`)
      assert.strictEqual(failure.errorClass, "recipientPermanent")
    })
  }

  const branches: ReadonlyArray<readonly [string, Record<string, string>, string]> = [
    ["Hi {{ name | default: 'friend' }}", { name: "  " }, "Hi friend"],
    ["{% if nick %}Hi {{ nick }}{% else %}Hi{% endif %}", { nick: " " }, "Hi"],
    ["{% if nick != '' %}Hi {{ nick }}{% else %}Hi{% endif %}", {}, "Hi"],
    ["{% if nick == blank %}Hi{% else %}Hi {{ nick }}{% endif %}", { nick: "Sis" }, "Hi Sis"],
    ["{% if vip == 'yes' %}{{ code }}{% endif %}.", { vip: "no" }, "."],
    ["{% case a %}{% when '1' %}one{% else %}many{% endcase %}", { a: "1" }, "one"],
    ["{% assign xs = a | split: ';' %}{% for x in xs %}- {{ x | strip }}\n{% endfor %}", { a: "p; q" }, "- p\n- q\n"],
    ["{{ price | times: 2 }}", { price: "5" }, "10"],
    ["a {{- x -}} b", { x: "1" }, "a1b"],
    ["{{ constructor }}", { constructor: "own" }, "own"],
    ["{% if constructor %}leak{% else %}none{% endif %}", {}, "none"]
  ]
  for (const [source, values, text] of branches) {
    it(`${source} with ${JSON.stringify(values)} is ${JSON.stringify(text)}`, () => {
      assert.strictEqual(rendered(source, values), text)
    })
  }

  it("dates are shown in the template's zone and language, wall times as written", () => {
    const options = { zone: "Asia/Jakarta", locale: "id" }
    const show = (format: string, d: string) => rendered(`{{ d | date: '${format}' }}`, { d }, options)
    assert.strictEqual(show("%A, %-d %B %Y %H:%M", "2026-11-22T20:30:00Z"), "Senin, 23 November 2026 03:30")
    assert.strictEqual(show("%d/%m/%y %I:%M %p 100%%", "2026-03-29 14:05"), "29/03/26 02:05 PM 100%")
    assert.strictEqual(show("%^b %e", "2026-01-02"), "JAN  2")
    assert.strictEqual(rendered("{{ d | date: '%H:%M', 'Asia/Tokyo' }}", { d: "2026-11-22T20:30:00+07:00" }), "22:30")
  })

  it("a date that does not exist, or that moves with the clock, is refused", () => {
    for (const d of ["now", "today", "2026-02-31", "31/01/2026", "1700000000"]) {
      const failure = refusal("{{ d | date: '%Y' }}", { d })
      assert.strictEqual(failure._tag, "RenderFailed")
      assert.include(failure.message, `"${d}" is not a date: write it like 2026-01-31`)
    }
    assert.include(refusal("{{ d | date: '%Q' }}", { d: "2026-01-31" }).message, 'a date format has no "%Q"')
  })

  const bad: ReadonlyArray<readonly [string, number, number, string]> = [
    ["Hi\n {{ name", 2, 2, 'output "{{ name" not closed'],
    ["{{ }}", 1, 4, "a name is missing here"],
    ["{{ first name }}", 1, 4, '"first name" is not one name: write {{ ["first name"] }} if the name has a space'],
    ["{{ a, b }}", 1, 1, '", b" is not understood here'],
    ["{{ user.name }}", 1, 4, '"user" is plain text and has no "name": write {{ ["user.name"] }} if that is the name'],
    ["{{ a.constructor }}", 1, 4, '"a" is plain text and has no "constructor"'],
    ["{{ [a] }}", 1, 4, "the name of a variable must be written out"],
    ["{% if a %}", 1, 1, "tag {% if a %} not closed"],
    ["x\n{% endif %}", 2, 1, '"endif" has nothing that it belongs to'],
    ["{% if a == %}x{% endif %}", 1, 9, "something is missing beside this operator"],
    ["{% if a = 1 %}x{% endif %}", 1, 10, 'expected "|" before filter'],
    ["{{ a | json }}", 1, 1, 'there is no filter "json". There are default, capitalize'],
    [`{{ ${"a[".repeat(30_000)} }}`, 1, 1, "it is nested too deeply"],
    ["{% if a %}".repeat(101) + "{% endif %}".repeat(101), 1, 1001, "it is nested too deeply"],
    ["x".repeat(100_001), 1, 1, "it is longer than 100000 characters"]
  ]
  for (const [source, line, column, reason] of bad) {
    it(`${JSON.stringify(source.slice(0, 30))} is not a template: ${reason}`, () => {
      const failure = flaw(source)
      assert.include(failure.message, `The template is wrong at line ${line}, column ${column}: ${reason}`)
      assert.strictEqual(failure.errorClass, "campaignPermanent")
    })
  }

  it("tags that read files, keep state or nest other languages do not exist", () => {
    for (const tag of [
      "include 'a'",
      "render 'a'",
      "layout '/etc/passwd'",
      "block a",
      "liquid",
      "echo a",
      "increment a",
      "cycle 1",
      "tablerow a in b"
    ]) {
      assert.include(flaw(`{% ${tag} %}`).reason, `there is no tag "${tag.split(" ")[0]}"`)
    }
  })

  it("an unknown zone or language is a flaw of the template's settings", () => {
    assert.include(flaw("x", { zone: "Mars/Olympus" }).reason, 'there is no time zone "Mars/Olympus"')
    assert.strictEqual(flaw("x", { locale: "not a locale" })._tag, "BadTemplate")
  })

  const endless: ReadonlyArray<readonly [string, string]> = [
    ["{% for i in (1..1000000000) %}{% endfor %}", "it needs too much work"],
    [
      "{% for i in (1..900) %}{% for j in (1..900) %}{% for k in (1..900) %}{% endfor %}{% endfor %}{% endfor %}",
      "it needs too much work"
    ],
    [
      "{% assign x = a | split: '' %}{% for i in x %}{% for j in x %}{% endfor %}{% endfor %}",
      "it needs too much work"
    ],
    [`{% assign x = a %}${"{% assign x = x | append: x %}".repeat(40)}`, "it needs too much work"],
    ["{% for i in (1..900) %}{{ a }}{% endfor %}", "the text is longer than 200000 characters"],
    ["{{ a }}".repeat(201), "the text is longer than 200000 characters"]
  ]
  for (const [source, reason] of endless) {
    it(`${source.slice(0, 60)} stops at a limit: ${reason}`, () => {
      const failure = refusal(source, { a: "y".repeat(1500) })
      assert.strictEqual(failure.message, `The template cannot be rendered: ${reason}`)
      assert.strictEqual(failure.errorClass, "messagePermanent")
    })
  }

  it("the columns of an audience are checked, with the nearest name and the whole list", () => {
    const template = compiled("{{ nmae }} {{ phone }} {{ wholly_other }}")
    const failure = Result.getOrThrow(Result.flip(Template.checkColumns(template, ["phone", "name", "class"])))
    assert.strictEqual(
      failure.message,
      'The template uses "nmae" (did you mean "name"?), "wholly_other", which the audience does not have. ' +
        'Its columns are "phone", "name", "class".'
    )
    assert.deepStrictEqual(Template.checkColumns(compiled("{{ name }}"), ["phone", "name"]), Result.void)
  })

  it("an optional variable may be absent, unless a column that nobody uses looks like it", () => {
    const template = compiled("{{ nickname | default: 'you' }}")
    assert.deepStrictEqual(Template.checkColumns(template, ["phone"]), Result.void)
    const failure = Result.getOrThrow(Result.flip(Template.checkColumns(template, ["phone", "Nick Name"])))
    assert.deepStrictEqual(failure.unknown, [{ name: "nickname", nearest: "Nick Name" }])
  })

  it("a template of names alone renders the same as through the whole language", () => {
    const text = fc.string({
      unit: fc.constantFrom("a", " ", "\n", "*", "👋", "{", "}", "%", "é", "\r"),
      maxLength: 12
    })
    const name = fc.constantFrom("a", "b", "c", '["First Name"]')
    const output = fc.tuple(fc.constantFrom("{{", "{{-"), name, fc.constantFrom("}}", "-}}"))
    const value = fc.string({ unit: "grapheme", maxLength: 8 })
    const values = fc.record({ a: value, b: value, c: value, "First Name": value }, { requiredKeys: ["a"] })
    let compared = 0
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            text,
            output.map((parts) => parts.join(" "))
          ),
          { maxLength: 8 }
        ),
        values,
        (parts, given) => {
          const fast = Template.compile(parts.join(""))
          const slow = Template.compile(`${parts.join("")}{% comment %}{% endcomment %}`)
          if (Result.isFailure(fast) || Result.isFailure(slow)) return
          compared++
          assert.deepStrictEqual(Template.render(fast.success, given), Template.render(slow.success, given))
        }
      ),
      { numRuns: 1000 }
    )
    assert.isAbove(compared, 500)
  })

  it("no source makes it throw", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "{{",
        "}}",
        "{%",
        "%}",
        "if",
        "endif",
        "for x in",
        "endfor",
        "a",
        "|",
        "default:",
        "'",
        '"',
        "[",
        "(1..3)",
        ".",
        "=="
      ),
      fc.string({ maxLength: 4 })
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const template = Template.compile(pieces.join(" "))
        if (Result.isSuccess(template)) assert.isTrue(Result.isResult(Template.render(template.success, { a: "1" })))
      }),
      { numRuns: 1000 }
    )
  })
})
