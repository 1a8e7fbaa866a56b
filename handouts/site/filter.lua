-- From the handouts' Markdown to the site's HTML: what pandoc does not do by itself.
--
-- * the first heading is the page's title;
-- * links to x.md become links to x.html, and plain text if x is not in this edition of the site;
-- * a figure (an SVG alone in its paragraph) is put into the page itself, so that `currentColor` follows light and dark;
-- * a quotation that starts with a bold "Exercise ..." becomes an exercise box, "Challenge ..." a challenge box;
-- * a console block gets its prompts marked, so that copying takes the commands only;
-- * a table gets a box that scrolls on a narrow screen.
--
-- Written for the pandoc of Debian 12 (2.17) and later.

local stringify = pandoc.utils.stringify

local pages = {}
for name in (os.getenv("HANDOUT_PAGES") or ""):gmatch("%S+") do
    pages[name] = true
end
local this_page = os.getenv("HANDOUT_PAGE") or "index"
local this_folder = this_page:match("^(.*/)") or ""

local function escape(text)
    return (text:gsub("&", "&amp;"):gsub("<", "&lt;"):gsub(">", "&gt;"))
end

local function raw(text)
    return pandoc.RawBlock("html", text)
end

-- "../setup" seen from reference/memory-map is "setup"
local function page_name(path)
    local parts = {}
    for part in (this_folder .. path):gmatch("[^/]+") do
        if part == ".." then
            table.remove(parts)
        elseif part ~= "." then
            table.insert(parts, part)
        end
    end
    return table.concat(parts, "/")
end

function Link(el)
    if el.target:match("^%a+:") then
        return nil
    end
    local path, anchor = el.target:match("^(.-)%.md(#?.*)$")
    if not path then
        return nil
    end
    if not pages[page_name(path)] then
        return el.content
    end
    el.target = path .. ".html" .. anchor
    return el
end

function Para(el)
    if #el.content ~= 1 or el.content[1].t ~= "Image" or not el.content[1].src:match("%.svg$") then
        return nil
    end
    local image = el.content[1]
    local folder = PANDOC_STATE.input_files[1]:match("^(.*/)") or ""
    local file, problem = io.open(folder .. image.src)
    if not file then
        error("figure " .. image.src .. ": " .. problem)
    end
    local svg = file:read("a")
    file:close()
    -- The style in a figure's file serves those who open the file alone; in the page the page's style rules.
    svg = svg:gsub("<%?.-%?>%s*", ""):gsub("<!%-%-.-%-%->%s*", ""):gsub("<style.-</style>%s*", "")
    return { raw('<figure>\n' .. svg .. '<figcaption>'), pandoc.Plain(image.caption), raw("</figcaption></figure>") }
end

function BlockQuote(el)
    local first = el.content[1]
    local strong = first and first.content and first.content[1]
    if not strong or strong.t ~= "Strong" then
        return nil
    end
    local kind, number = stringify(strong):match("^(%a+) ([%d%.]*%d)%.")
    if kind ~= "Exercise" and kind ~= "Challenge" then
        return nil
    end
    kind = kind:lower()
    return pandoc.Div(el.content, pandoc.Attr(kind .. "-" .. number:gsub("%.", "-"), { "box", kind }))
end

function CodeBlock(el)
    if el.classes[1] ~= "console" then
        return nil
    end
    local lines = {}
    for line in (el.text .. "\n"):gmatch("(.-)\n") do
        local prompt, command = line:match("^([$#] )(.*)$")
        if not prompt then
            prompt, command = line:match("^(%(%a+%) )(.*)$")
        end
        if prompt then
            table.insert(lines, '<span class="prompt">' .. escape(prompt) .. "</span><b>" .. escape(command) .. "</b>")
        else
            table.insert(lines, escape(line))
        end
    end
    return raw('<pre class="console"><code>' .. table.concat(lines, "\n") .. "</code></pre>")
end

function Table(el)
    return pandoc.Div({ el }, pandoc.Attr("", { "table" }))
end

function Pandoc(doc)
    for i, block in ipairs(doc.blocks) do
        if block.t == "Header" and block.level == 1 then
            doc.meta.title = pandoc.MetaInlines(block.content)
            doc.meta.pagetitle = stringify(block)
            table.remove(doc.blocks, i)
            break
        end
    end
    return doc
end
