:mode table
:echo on

// ---- look-ups ----

// 1. Which companies did the campaign penalise, and under which agency?
MATCH (:Campaign)<-[:UNDER]-(p:Penalty)-[:AGAINST]->(company:Company), (agency:Agency)-[:TOOK]->(p)
RETURN company.name, p.kind AS penalty, agency.name
ORDER BY company.name;

// 2. What is the campaign, and since when?
MATCH (c:Campaign)
RETURN c.name, c.kind, c.began, c.beganPrecision, c.coveredMonths;

// 3. Which data centres were monitored?
MATCH (:Measure {id: 'centres-monitored'})-[:AGAINST]->(d:DataCentre)
RETURN d.name ORDER BY d.name;

// 4. What were the website columns said to have spread, and is that a fact?
MATCH (column:WebsiteColumn)-[s:SPREAD]->(t:Topic)
RETURN column.name, collect(t.name) AS topics, s.status
ORDER BY column.name;

// 5. Who met with more than one measure?
MATCH (t)<-[:AGAINST]-(m:Measure)
WITH t, collect(m.kind) AS measures
WHERE size(measures) > 1
RETURN t.name, labels(t) AS labels, measures;

// 6. What had the campaign's particular attention?
MATCH (:Campaign)-[:FOCUSED_ON]->(t:Topic)
RETURN t.name ORDER BY t.name;

// 7. Against which platforms is a measure told? QQ and WeChat were only used.
MATCH (n:SocialNetwork)
OPTIONAL MATCH (n)<-[:AGAINST]-(m:Measure)
OPTIONAL MATCH (n)<-[u:USED]-(k:Case)
RETURN n.name, m.kind AS measure, k.name AS usedBy, u.purpose
ORDER BY n.name;

// ---- figures and qualifiers ----

// 8. How are the figures qualified?
MATCH (f:Figure)
RETURN coalesce(f.qualifier, 'none') AS qualifier, count(*) AS figures
ORDER BY figures DESC, qualifier;

// 9. Which figures are printed as "over"?
MATCH (c:Claim)-[:STATES]->(f:Figure {qualifier: 'over'})
RETURN f.value, f.unit, c.says, f.printed
ORDER BY f.value DESC;

// 10. How many figures stand in each paragraph?
MATCH (p:Paragraph {part: 'body'})
OPTIONAL MATCH (p)<-[:ON]-(:Claim)-[:STATES]->(f:Figure)
WITH p, count(f) AS figures
RETURN p.id, figures ORDER BY p.number;

// 11. Which figures have no unit, and why?
MATCH (i:Issue)-[:CONCERNS]->(:Claim)-[:STATES]->(f:Figure)
WHERE f.unit IS NULL
RETURN f.value, f.printed, i.text;

// 12. What does a search for the number 34 find? Numbers are values, not text.
MATCH (c:Claim)-[:STATES]->(f:Figure {value: 34})
RETURN c.says, f.unit, f.printed;

// 13. Which different things have the same number?
MATCH (f:Figure)
WITH f.value AS value, collect(DISTINCT f.unit) AS units
WHERE size(units) > 1
RETURN value, units;

// ---- aggregates ----

// 14. How many websites were closed outside the single cases? A restated figure counts once.
MATCH (m:Measure {kind: 'closure'})<-[:ABOUT]-(c:Claim)-[:STATES]->(f:Figure {unit: 'websites'})
WHERE NOT (c)<-[:RESTATES]-() AND NOT (m)-[:IN_CASE]->()
RETURN sum(f.value) AS websites, collect(f.qualifier) AS qualifiers;

// 15. How much money was frozen, in all? The sum is only about right: it takes the weakest qualifier.
MATCH (m:Measure {kind: 'freezing'})<-[:ABOUT]-(:Claim)-[:STATES]->(f:Figure)
RETURN sum(f.value) AS yuan, collect(DISTINCT m.of) AS mixes,
       CASE WHEN any(q IN collect(f.qualifier) WHERE q IN ['around', 'about']) THEN 'around' END AS qualifier;

// 16. Up to how many accounts were closed? A bound, as they may overlap.
MATCH (m:Measure {kind: 'closure'})<-[:ABOUT]-(:Claim)-[:STATES]->(f:Figure {unit: 'accounts'})
RETURN sum(f.value) AS atMost, count(f) AS figures;

// 17. Which kinds of measure were there, and how many of each?
MATCH (m:Measure)
RETURN m.kind, count(*) AS measures, collect(m.of) AS of
ORDER BY measures DESC, m.kind;

// 18. What share of the 7,000 suspects were insiders or hackers?
MATCH (whole:Measure {id: 'suspects-arrested'})<-[:ABOUT]-(:Claim)-[:STATES]->(all:Figure),
      (part:Measure)-[:SUBSET_OF]->(whole), (part)<-[:ABOUT]-(:Claim)-[:STATES]->(some:Figure)
RETURN part.of, some.qualifier + ' ' + toString(some.value) AS figure,
       round(100.0 * some.value / all.value, 1) AS percentAtLeast
ORDER BY part.of;

// 19. Which rates do the dollar figures imply?
MATCH (f:Figure) WHERE f.dollars IS NOT NULL
RETURN f.printed, f.dollarsPrinted, round(1.0 * f.value / f.dollars, 4) AS yuanPerDollar
ORDER BY f.value;

// ---- provenance ----

// 20. On which paragraph does the penalty rest, in whose words, with which qualifier?
MATCH (a:Agency)-[t:TOOK]->(m:Penalty)<-[:ABOUT]-(c:Claim)-[:ON]->(p:Paragraph), (c)-[:STATES]->(f:Figure)
OPTIONAL MATCH (s:Speaker)-[:SAID]->(c)
RETURN p.id, t.words AS actor, f.printed, coalesce(f.qualifier, 'none') AS qualifier, coalesce(s.name, 'the article') AS speaker;

// 21. What does the Ministry itself say?
MATCH (:Agency {id: 'ministry'})-[s:SAID]->(c:Claim)-[:ON]->(p:Paragraph)
RETURN p.id, s.verb, c.says
ORDER BY c.no;

// 22. What is reported at second hand?
MATCH (media:MediaGroup)-[:QUOTED]->(c:Claim)<-[:SAID]-(source:Speaker)
OPTIONAL MATCH (c)-[:STATES]->(f:Figure)
RETURN media.name, source.name, c.says, f.printed
ORDER BY c.no;

// 23. Which figures have no speaker at all?
MATCH (c:Claim)-[:STATES]->(f:Figure)
WHERE NOT (c)<-[:SAID]-(:Speaker)
RETURN count(f) AS figures, collect(f.printed)[..3] AS forExample;

// 24. What is alleged rather than stated?
MATCH (c:Claim {status: 'alleged'})-[:ON]->(p)
RETURN c.says, p.id ORDER BY c.no;

// 25. What in this graph is inferred, not said?
MATCH (a)-[r {status: 'inferred'}]->(b)
RETURN coalesce(a.name, a.text) AS from, type(r) AS relation, b.name AS to
ORDER BY relation, from;

// ---- conflicts and doubts ----

// 26. Which claims conflict?
MATCH (a:Claim)-[x:CONFLICTS_WITH]->(b:Claim), (a)-[:STATES]->(f), (b)-[:STATES]->(g), (a)-[:ON]->(p), (b)-[:ON]->(q)
RETURN p.id, f.printed, q.id, g.printed, x.reason;

// 27. Which claims tell again what another tells?
MATCH (a:Claim)-[x:RESTATES]->(b:Claim)
RETURN a.no, b.no, x.reason ORDER BY a.no;

// 28. Which figures are doubtful, and why?
MATCH (i:Issue)-[:CONCERNS]->(c:Claim)-[:STATES]->(f:Figure)
WHERE i.kind IN ['missing scale', 'implausible', 'scope of a qualifier']
RETURN f.printed, i.kind, i.text ORDER BY c.no;

// 29. Which paragraphs carry the most doubts?
MATCH (i:Issue)-[:CONCERNS]->(:Claim)-[:ON]->(p:Paragraph)
RETURN p.id, count(DISTINCT i) AS issues
ORDER BY issues DESC, p.id LIMIT 3;

// 30. Which facts are free of any doubt?
MATCH (c:Claim)
WHERE NOT exists((c)<-[:CONCERNS]-())
RETURN count(c) AS claims;

// ---- names ----

// 31. Who is "Sino Weibo", and what happened to it?
MATCH (a:Alias {text: 'Sino Weibo'})-[:NAMES]->(e)<-[x:AGAINST]-(m:Measure)
RETURN e.name, a.kind, m.kind, x.words ORDER BY m.kind;

// 32. Under which names do things appear?
MATCH (a:Alias)-[n:NAMES]->(e)
RETURN e.name, collect(a.text) AS aliases, collect(DISTINCT n.status) AS status
ORDER BY e.name;

// ---- paths ----

// 33. How is the Ministry connected with Baidu Music?
MATCH p = shortestPath((:Agency {id: 'ministry'})-[*]-(:WebsiteColumn {id: 'baidu-music'}))
RETURN [n IN nodes(p) | coalesce(n.name, n.of, n.says, n.title, n.id)] AS through,
       [r IN relationships(p) | type(r)] AS by;

// 34. In how many steps of command does anyone answer to the Ministry?
MATCH (a:Agency)-[r:ANSWERS_TO*1..3]->(m:Agency {id: 'ministry'})
RETURN a.name, size(r) AS steps;

// 35. By which shortest ways do QQ and Guangdong Province hang together?
MATCH p = allShortestPaths((:SocialNetwork {id: 'qq'})-[:USED|IN_CASE|UNDER|LOCATED_IN*]-(:Place {id: 'guangdong'}))
RETURN length(p) AS steps, count(*) AS ways;

// 36. Is every fact there, on its paragraph and about something?
MATCH (c:Claim)
RETURN count(c) AS claims, min(c.no) AS first, max(c.no) AS last,
       all(n IN collect(size([(c)-[:ON]->(p) | p])) WHERE n > 0) AS onAParagraph,
       all(n IN collect(size([(c)-[:ABOUT]->(t) | t])) WHERE n > 0) AS aboutSomething;
