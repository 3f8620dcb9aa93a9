// The enforcement campaign of 2018 as one news item of 10 September 2018 tells it.
//
// Two layers. What happened: agencies take measures under a campaign, against targets. What it rests
// on: each of the 59 facts is a Claim, on a paragraph, with its speaker, its status and its figure as
// printed. A claim is ABOUT what it speaks of, so either layer is one step from the other.
//
// Every statement is a MERGE on an id: loading the file twice gives the same graph.

// ---- the article -------------------------------------------------------------------------------

MERGE (a:Article {id: 'article'})
SET a.title = 'Chinese initiative against cybercrime hailed a success',
    a.published = date('2018-09-10'),
    a.note = 'the publisher is not in the text';

UNWIND [
  {id: 'title', part: 'headline'},
  {id: 'date', part: 'dateline'},
  {id: 'P1', number: 1, part: 'body'}, {id: 'P2', number: 2, part: 'body'},
  {id: 'P3', number: 3, part: 'body'}, {id: 'P4', number: 4, part: 'body'},
  {id: 'P5', number: 5, part: 'body'}, {id: 'P6', number: 6, part: 'body'},
  {id: 'P7', number: 7, part: 'body'}, {id: 'P8', number: 8, part: 'body'},
  {id: 'P9', number: 9, part: 'body'}, {id: 'P10', number: 10, part: 'body'}
] AS row
MATCH (a:Article {id: 'article'})
MERGE (p:Paragraph {id: row.id})
SET p.number = row.number, p.part = row.part
MERGE (p)-[:PART_OF]->(a);

// ---- who ---------------------------------------------------------------------------------------

MERGE (m:Agency:Speaker {id: 'ministry'})
SET m.name = 'Ministry of Public Security';

MERGE (a:Agency {id: 'authorities'})
SET a.name = 'public security authorities';

MERGE (m:MediaGroup:Speaker {id: 'media'})
SET m.name = 'Chinese media', m.vague = true;

// The text never says that these are one hierarchy.
MATCH (a:Agency {id: 'authorities'}), (m:Agency {id: 'ministry'})
MERGE (a)-[r:ANSWERS_TO]->(m)
SET r.status = 'inferred';

// ---- the campaign ------------------------------------------------------------------------------

MERGE (c:Campaign {id: 'campaign'})
SET c.name = 'Cyberspace Management 2018',
    c.kind = 'special enforcement action',
    c.began = date('2018-02-01'), c.beganPrecision = 'month',
    c.coveredMonths = 6, c.coveredUntil = 'July or August 2018, no day given';

// ---- against whom and about what ---------------------------------------------------------------

// The text calls Baidu, Weibo and Youku sites; that they are companies too is inferred.
UNWIND [
  {id: 'baidu', name: 'Baidu'},
  {id: 'weibo', name: 'Sina Weibo'},
  {id: 'youku', name: 'Youku'}
] AS row
MERGE (s:Site:Company {id: row.id})
SET s.name = row.name, s.inferredLabels = ['Company'];

MATCH (w:Site {id: 'weibo'}) SET w:WebsiteColumn;

UNWIND [
  {id: 'baidu-music', name: 'Baidu Music'},
  {id: 'sogou-pics', name: 'Sogou Pics'}
] AS row
MERGE (s:WebsiteColumn {id: row.id})
SET s.name = row.name;

MATCH (m:WebsiteColumn {id: 'baidu-music'}), (b:Company {id: 'baidu'})
MERGE (m)-[r:PRODUCT_OF]->(b)
SET r.status = 'inferred';

UNWIND [
  {id: '21vianet', name: '21vianet.com'},
  {id: 'dr-peng', name: 'Dr.Peng Broadband'},
  {id: 'telecom-hangzhou', name: 'China Telecom Hangzhou'},
  {id: 'unicom-zhengzhou', name: 'China Unicom Zhengzhou'}
] AS row
MERGE (d:DataCentre {id: row.id})
SET d.name = row.name;

UNWIND [
  {id: 'qq', name: 'QQ'},
  {id: 'wechat', name: 'WeChat'}
] AS row
MERGE (n:SocialNetwork {id: row.id})
SET n.name = row.name;

UNWIND [
  {id: 'guangdong', name: 'Guangdong Province'},
  {id: 'hangzhou', name: 'Hangzhou'},
  {id: 'zhengzhou', name: 'Zhengzhou'}
] AS row
MERGE (p:Place {id: row.id})
SET p.name = row.name;

// Read off the names of the data centres, nothing more.
UNWIND [['telecom-hangzhou', 'hangzhou'], ['unicom-zhengzhou', 'zhengzhou']] AS pair
MATCH (d:DataCentre {id: pair[0]}), (p:Place {id: pair[1]})
MERGE (d)-[r:LOCATED_IN]->(p)
SET r.status = 'inferred';

UNWIND [
  'guns', 'bank cards', 'invoices', 'online prostitutes',
  'obscenity', 'violence',
  'online gambling', 'pornography', 'fraud'
] AS name
MERGE (:Topic {name: name});

UNWIND [
  {id: 'telecoms', name: 'telecommunication service providers'},
  {id: 'internet', name: 'internet enterprises'},
  {id: 'banks', name: 'banks'}
] AS row
MERGE (s:Sector {id: row.id})
SET s.name = row.name;

// ---- cases -------------------------------------------------------------------------------------

MERGE (c:Case {id: 'guangdong-ring'})
SET c.name = 'gambling ring in Guangdong Province', c.groups = 1, c.groupWord = 'ring';

MERGE (c:Case {id: 'gambling-gangs'})
SET c.name = 'illegal gambling gangs', c.groups = 29, c.groupWord = 'gangs',
    c.note = 'the text goes on in the singular; no place is given';

MATCH (c:Case {id: 'guangdong-ring'}), (p:Place {id: 'guangdong'})
MERGE (c)-[r:LOCATED_IN]->(p)
SET r.status = 'stated';

// Means that the gangs used. No measure against either network is told.
MATCH (c:Case {id: 'gambling-gangs'}), (n:SocialNetwork)
MERGE (c)-[r:USED]->(n)
SET r.purpose = 'to promote gambling platforms', r.status = 'stated';

// ---- measures ----------------------------------------------------------------------------------

UNWIND [
  {id: 'arrests', kind: 'arrest', of: 'people'},
  {id: 'websites-closed', kind: 'closure', of: 'websites'},
  {id: 'cases-handled', kind: 'case handling', of: 'administrative cases'},
  {id: 'penalties', kind: 'administrative penalty', of: 'sites'},
  {id: 'rectification', kind: 'rectification', of: 'enterprises'},
  {id: 'inspections', kind: 'monitoring and inspection', of: 'cyberspace, social media included'},
  {id: 'messages-expunged', kind: 'deletion', of: 'messages'},
  {id: 'accounts-closed', kind: 'closure', of: 'illegal internet accounts'},
  {id: 'websites-filtered', kind: 'filtering', of: 'illegal websites'},
  {id: 'columns-supervised', kind: 'supervision', of: 'website columns'},
  {id: 'centres-monitored', kind: 'monitoring', of: 'Internet Data Centers'},
  {id: 'shops-closed', kind: 'closure', of: 'online shops'},
  {id: 'illegal-accounts-closed', kind: 'closure', of: 'illegal accounts'},
  {id: 'anchors-closed', kind: 'closure', of: 'illegal anchor accounts'},
  {id: 'studios-closed', kind: 'closure', of: 'illegal live studios'},
  {id: 'applications-banned', kind: 'ban', of: 'applications'},
  {id: 'suspects-arrested', kind: 'arrest', of: 'suspects'},
  {id: 'insiders-arrested', kind: 'arrest', of: 'industry insiders'},
  {id: 'hackers-arrested', kind: 'arrest', of: 'hackers'},
  {id: 'rings-broken', kind: 'break-up', of: 'gambling rings'},
  {id: 'ring-arrests', kind: 'arrest', of: 'individuals', case: 'guangdong-ring'},
  {id: 'ring-computers', kind: 'seizure', of: 'computers', case: 'guangdong-ring'},
  {id: 'ring-cash', kind: 'freezing', of: 'illicit cash', case: 'guangdong-ring'},
  {id: 'gangs-destroyed', kind: 'break-up', of: 'illegal gambling gangs', case: 'gambling-gangs'},
  {id: 'gang-websites', kind: 'closure', of: 'gambling websites', case: 'gambling-gangs'},
  {id: 'gang-arrests', kind: 'arrest', of: 'people', case: 'gambling-gangs'},
  {id: 'gang-revenues', kind: 'freezing', of: 'revenues', case: 'gambling-gangs'}
] AS row
MATCH (campaign:Campaign {id: 'campaign'})
MERGE (m:Measure {id: row.id})
SET m.kind = row.kind, m.of = row.of
MERGE (m)-[:UNDER]->(campaign)
WITH m, row
MATCH (k:Case {id: row.case})
MERGE (m)-[:IN_CASE]->(k);

MATCH (m:Measure) WHERE m.id IN ['penalties', 'rectification'] SET m:Penalty;

// Who took a measure, in the words of the text. Where the text names nobody there is no relationship.
UNWIND [
  {by: 'authorities', measure: 'cases-handled', words: 'the public security authorities', voice: 'active'},
  {by: 'authorities', measure: 'websites-closed', words: 'the public security authorities', voice: 'active'},
  {by: 'authorities', measure: 'penalties', words: 'the public security authorities', voice: 'passive'},
  {by: 'authorities', measure: 'columns-supervised', words: 'The authorities', voice: 'active'},
  {by: 'authorities', measure: 'centres-monitored', words: 'The authorities', voice: 'passive'},
  {by: 'authorities', measure: 'gang-revenues', words: 'the authorioties', voice: 'active'}
] AS row
MATCH (a:Agency {id: row.by}), (m:Measure {id: row.measure})
MERGE (a)-[r:TOOK]->(m)
SET r.words = row.words, r.voice = row.voice, r.status = 'stated';

// Named targets: each is one of more that the text does not name.
UNWIND [
  {measure: 'penalties', target: 'baidu', words: 'Baidu'},
  {measure: 'penalties', target: 'weibo', words: 'Sino Weibo'},
  {measure: 'penalties', target: 'youku', words: 'Youku'},
  {measure: 'columns-supervised', target: 'baidu-music', words: 'Baidu Music'},
  {measure: 'columns-supervised', target: 'weibo', words: 'Sino Weibo'},
  {measure: 'columns-supervised', target: 'sogou-pics', words: 'Sogou Pics'},
  {measure: 'centres-monitored', target: '21vianet', words: '21vianet.com'},
  {measure: 'centres-monitored', target: 'dr-peng', words: 'Dr.Peng Broadband'},
  {measure: 'centres-monitored', target: 'telecom-hangzhou', words: 'China Telecom Hangzhou'},
  {measure: 'centres-monitored', target: 'unicom-zhengzhou', words: 'China Unicom Zhengzhou'}
] AS row
MATCH (m:Measure {id: row.measure}), (t {id: row.target})
WHERE t:Site OR t:WebsiteColumn OR t:DataCentre
MERGE (m)-[r:AGAINST]->(t)
SET r.words = row.words, r.status = 'stated';

// The supervision is stated; that the columns spread anything is alleged, and the list is open.
UNWIND ['guns', 'bank cards', 'invoices', 'online prostitutes'] AS topic
MATCH (:Measure {id: 'columns-supervised'})-[:AGAINST]->(column:WebsiteColumn), (t:Topic {name: topic})
MERGE (column)-[r:SPREAD]->(t)
SET r.status = 'alleged', r.openList = true;

UNWIND ['obscenity', 'violence'] AS topic
MATCH (m:Measure {id: 'applications-banned'}), (t:Topic {name: topic})
MERGE (m)-[r:BECAUSE_OF]->(t)
SET r.status = 'stated';

UNWIND ['online gambling', 'pornography', 'fraud'] AS topic
MATCH (c:Campaign {id: 'campaign'}), (t:Topic {name: topic})
MERGE (c)-[r:FOCUSED_ON]->(t)
SET r.status = 'stated';

MATCH (m:Measure {id: 'insiders-arrested'}), (s:Sector)
MERGE (m)-[r:AGAINST_STAFF_OF]->(s)
SET r.status = 'stated';

UNWIND [
  ['insiders-arrested', 'suspects-arrested'],
  ['hackers-arrested', 'suspects-arrested']
] AS pair
MATCH (part:Measure {id: pair[0]}), (whole:Measure {id: pair[1]})
MERGE (part)-[:SUBSET_OF]->(whole);

// Only the Guangdong ring is said to be one of the 250; whether the 29 gangs are is open.
MATCH (m:Measure {id: 'rings-broken'}), (c:Case {id: 'guangdong-ring'})
MERGE (m)-[:EXAMPLE]->(c);

// ---- claims ------------------------------------------------------------------------------------

UNWIND [
  {no: 1, on: 'title', says: 'the initiative is hailed a success, by whom is not said', how: 'headline', about: ['campaign']},
  {no: 2, on: 'date', says: 'the article is of 10 September 2018, a Monday', how: 'dateline', about: ['article']},
  {no: 3, on: 'P1', says: 'media reports of 8 to 9 September 2018 quote statistics of the ministry', how: 'stated', about: ['campaign', 'media', 'ministry']},
  {no: 4, on: 'P1', says: 'the statistics were just released', how: 'stated', about: ['ministry']},
  {no: 5, on: 'P1', says: 'the name of the campaign', how: 'stated', by: 'ministry', via: 'media', about: ['campaign']},
  {no: 6, on: 'P1', says: 'it is a special enforcement action', how: 'stated', about: ['campaign']},
  {no: 7, on: 'P1', says: 'it began in February 2018, the year by its title', how: 'stated', about: ['campaign']},
  {no: 8, on: 'P1', also: ['P2'], says: 'the figures cover its first six months', how: 'stated', about: ['campaign']},
  {no: 9, on: 'P1', says: 'people arrested', how: 'stated', by: 'ministry', via: 'media', about: ['arrests']},
  {no: 10, on: 'P1', says: 'websites shut', how: 'stated', by: 'ministry', via: 'media', about: ['websites-closed']},
  {no: 11, on: 'P2', says: 'administrative cases dealt with', how: 'stated', about: ['cases-handled']},
  {no: 12, on: 'P2', says: 'websites shut down or suspended', how: 'stated', about: ['websites-closed']},
  {no: 13, on: 'P2', says: 'further sites given administrative penalties', how: 'stated', about: ['penalties']},
  {no: 14, on: 'P2', says: 'Baidu is one of the penalised sites', how: 'stated', about: ['penalties', 'baidu']},
  {no: 15, on: 'P2', says: 'Weibo is one of the penalised sites', how: 'stated', about: ['penalties', 'weibo']},
  {no: 16, on: 'P2', says: 'Youku is one of the penalised sites', how: 'stated', about: ['penalties', 'youku']},
  {no: 17, on: 'P3', says: 'enterprises made to rectify, in accordance with the law', how: 'stated', about: ['rectification']},
  {no: 18, on: 'P4', says: 'monitoring and inspections were ramped up', how: 'stated', by: 'ministry', verb: 'says', about: ['inspections']},
  {no: 19, on: 'P4', says: 'they include social media', how: 'stated', by: 'ministry', verb: 'says', about: ['inspections']},
  {no: 20, on: 'P4', says: 'messages on social media ordered expunged', how: 'stated', by: 'ministry', verb: 'says', about: ['messages-expunged']},
  {no: 21, on: 'P4', says: 'illegal internet accounts on social media closed', how: 'stated', by: 'ministry', verb: 'says', about: ['accounts-closed']},
  {no: 22, on: 'P4', says: 'illegal websites filtered', how: 'stated', by: 'ministry', verb: 'says', about: ['websites-filtered']},
  {no: 23, on: 'P5', says: 'website columns supervised and regulated', how: 'stated', about: ['columns-supervised']},
  {no: 24, on: 'P5', says: 'Baidu Music is one of the columns', how: 'stated', about: ['columns-supervised', 'baidu-music']},
  {no: 25, on: 'P5', says: 'Weibo is one of the columns', how: 'stated', about: ['columns-supervised', 'weibo']},
  {no: 26, on: 'P5', says: 'Sogou Pics is one of the columns', how: 'stated', about: ['columns-supervised', 'sogou-pics']},
  {no: 27, on: 'P5', says: 'the columns spread illegal information', how: 'alleged', about: ['columns-supervised']},
  {no: 28, on: 'P5', says: 'such as on guns, bank cards, invoices and online prostitutes', how: 'alleged', about: ['columns-supervised']},
  {no: 29, on: 'P5', says: 'data centres monitored', how: 'stated', about: ['centres-monitored']},
  {no: 30, on: 'P5', says: '21vianet.com is one of the data centres', how: 'stated', about: ['centres-monitored', '21vianet']},
  {no: 31, on: 'P5', says: 'Dr.Peng Broadband is one of the data centres', how: 'stated', about: ['centres-monitored', 'dr-peng']},
  {no: 32, on: 'P5', says: 'China Telecom Hangzhou is one of the data centres', how: 'stated', about: ['centres-monitored', 'telecom-hangzhou']},
  {no: 33, on: 'P5', says: 'China Unicom Zhengzhou is one of the data centres', how: 'stated', about: ['centres-monitored', 'unicom-zhengzhou']},
  {no: 34, on: 'P6', says: 'online shops shut down', how: 'stated', about: ['shops-closed']},
  {no: 35, on: 'P6', says: 'illegal accounts shut down', how: 'stated', about: ['illegal-accounts-closed']},
  {no: 36, on: 'P6', says: 'these include communication codes and payment accounts', how: 'stated', about: ['illegal-accounts-closed']},
  {no: 37, on: 'P6', says: 'illegal anchor accounts closed', how: 'stated', about: ['anchors-closed']},
  {no: 38, on: 'P6', says: 'illegal live studios closed', how: 'stated', about: ['studios-closed']},
  {no: 39, on: 'P7', says: 'applications with obscenity and violence banned', how: 'stated', about: ['applications-banned']},
  {no: 40, on: 'P8', says: 'online gambling, pornography and fraud had particular attention', how: 'stated', by: 'ministry', verb: 'revealed', about: ['campaign']},
  {no: 41, on: 'P8', says: 'the statistics are not broken down by activity', how: 'stated', about: ['campaign']},
  {no: 42, on: 'P9', says: 'suspects arrested overall', how: 'stated', about: ['suspects-arrested']},
  {no: 43, on: 'P9', says: 'of these industry insiders', how: 'stated', about: ['insiders-arrested']},
  {no: 44, on: 'P9', says: 'the insiders are of telecommunication service providers, internet enterprises and banks', how: 'stated', about: ['insiders-arrested']},
  {no: 45, on: 'P9', says: 'of these hackers', how: 'stated', about: ['hackers-arrested']},
  {no: 46, on: 'P9', says: 'gambling rings broken up', how: 'stated', about: ['rings-broken']},
  {no: 47, on: 'P9', says: 'one example is a ring in Guangdong Province', how: 'stated', by: 'ministry', verb: 'giving one example', about: ['guangdong-ring']},
  {no: 48, on: 'P9', says: 'individuals arrested there', how: 'stated', by: 'ministry', verb: 'giving one example', about: ['ring-arrests']},
  {no: 49, on: 'P9', says: 'computers seized there', how: 'stated', by: 'ministry', verb: 'giving one example', about: ['ring-computers']},
  {no: 50, on: 'P9', says: 'illicit cash frozen there', how: 'stated', by: 'ministry', verb: 'giving one example', about: ['ring-cash']},
  {no: 51, on: 'P9', says: 'the same in dollars, by the article', how: 'stated', about: ['ring-cash']},
  {no: 52, on: 'P10', says: 'a further example: illegal gambling gangs destroyed', how: 'stated', by: 'ministry', verb: 'pointed to', about: ['gangs-destroyed', 'gambling-gangs']},
  {no: 53, on: 'P10', says: 'gambling websites shut', how: 'stated', by: 'ministry', verb: 'pointed to', about: ['gang-websites']},
  {no: 54, on: 'P10', says: 'people arrested', how: 'stated', by: 'ministry', verb: 'pointed to', about: ['gang-arrests']},
  {no: 55, on: 'P10', says: 'social networks such as QQ and WeChat were used to promote gambling platforms', how: 'stated', about: ['gambling-gangs', 'qq', 'wechat']},
  {no: 56, on: 'P10', says: 'revenues generated', how: 'stated', about: ['gang-revenues']},
  {no: 57, on: 'P10', says: 'the same in dollars, by the article', how: 'stated', about: ['gang-revenues']},
  {no: 58, on: 'P10', says: 'the revenues were frozen', how: 'stated', about: ['gang-revenues']},
  {no: 59, on: 'P10', says: 'the place of this case is not given', how: 'observed', about: ['gambling-gangs']}
] AS row
MERGE (c:Claim {no: row.no})
SET c.says = row.says, c.status = row.how
WITH c, row
UNWIND [row.on] + coalesce(row.also, []) AS paragraph
MATCH (p:Paragraph {id: paragraph})
MERGE (c)-[:ON]->(p)
WITH DISTINCT c, row
FOREACH (speaker IN CASE WHEN row.by IS NULL THEN [] ELSE [row.by] END |
  MERGE (s:Speaker {id: speaker})
  MERGE (s)-[said:SAID]->(c)
  SET said.verb = coalesce(row.verb, 'statistics'))
FOREACH (speaker IN CASE WHEN row.via IS NULL THEN [] ELSE [row.via] END |
  MERGE (s:Speaker {id: speaker})
  MERGE (s)-[:QUOTED]->(c))
WITH c, row
UNWIND row.about AS thing
MATCH (t {id: thing})
MERGE (c)-[:ABOUT]->(t);

// ---- figures -----------------------------------------------------------------------------------

// The 27 figures: value and unit as numbers can be compared, `printed` as the text has them. A figure
// printed without a qualifier has none here either.
UNWIND [
  {no: 9, value: 33000, unit: 'people', printed: '33,000 people'},
  {no: 10, value: 34000, unit: 'websites', printed: '34,000 websites'},
  {no: 11, value: 92000, unit: 'cases', qualifier: 'more than', printed: 'more than 92,000 administrative cases'},
  {no: 12, value: 34000, unit: 'websites', qualifier: 'over', printed: 'over 34,000 websites'},
  {no: 13, value: 1000, unit: 'sites', printed: '1,000 sites'},
  {no: 17, value: 10400, unit: 'enterprises', qualifier: 'over', printed: 'Over 10,400 enterprises'},
  {no: 20, value: 1.56, printed: '1.56 messages'},
  {no: 21, value: 50000, unit: 'accounts', printed: '50,000 illegal internet accounts'},
  {no: 22, value: 204000000, unit: 'websites', qualifier: 'over', doubtful: true, printed: 'over 204 million illegal websites'},
  {no: 23, value: 43, unit: 'website columns', printed: '43 website columns'},
  {no: 29, value: 119, unit: 'data centres', printed: '119 Internet Data Centers'},
  {no: 34, value: 320000, unit: 'shops', qualifier: 'more than', printed: 'More than 320,000 online shops'},
  {no: 35, value: 140000, unit: 'accounts', printed: '140,000 illegal accounts'},
  {no: 37, value: 1000, unit: 'accounts', qualifier: 'over', printed: 'Over 1,000 illegal anchor accounts'},
  {no: 38, value: 670000, unit: 'studios', qualifier: 'about', printed: 'about 670,000 illegal live studios'},
  {no: 39, value: 54000, unit: 'applications', qualifier: 'about', printed: 'about 54,000 applications'},
  {no: 42, value: 7000, unit: 'people', printed: '7,000 suspects'},
  {no: 43, value: 300, unit: 'people', qualifier: 'over', printed: 'over 300'},
  {no: 45, value: 1200, unit: 'people', qualifier: 'over', printed: 'over 1,200'},
  {no: 46, value: 250, unit: 'rings', printed: '250 gambling rings'},
  {no: 48, value: 34, unit: 'people', printed: '34 individuals'},
  {no: 49, value: 60, unit: 'computers', printed: 'sixty computers'},
  {no: 50, value: 50000000, unit: 'yuan', printed: 'RMB 50 million', dollars: 7300000, dollarsPrinted: 'US$7.3 million'},
  {no: 52, value: 29, unit: 'gangs', printed: '29 illegal gambling gangs'},
  {no: 53, value: 79, unit: 'websites', printed: '79 gambling websites'},
  {no: 54, value: 462, unit: 'people', printed: '462 people'},
  {no: 56, value: 260000000, unit: 'yuan', qualifier: 'around', printed: 'around RMB260 million', dollars: 37900000, dollarsPrinted: 'US$37.9 million'}
] AS row
MATCH (c:Claim {no: row.no})
MERGE (f:Figure {no: row.no})
SET f.value = row.value, f.unit = row.unit, f.qualifier = row.qualifier, f.printed = row.printed,
    f.doubtful = row.doubtful, f.dollars = row.dollars, f.dollarsPrinted = row.dollarsPrinted
MERGE (c)-[:STATES]->(f);

// ---- doubts ------------------------------------------------------------------------------------

MATCH (a:Claim {no: 9}), (b:Claim {no: 42})
MERGE (a)-[r:CONFLICTS_WITH]->(b)
SET r.reason = '33,000 people arrested against 7,000 suspects arrested overall; nothing reconciles them';

MATCH (a:Claim {no: 12}), (b:Claim {no: 10})
MERGE (a)-[r:RESTATES]->(b)
SET r.reason = 'one fact told twice, with and without a qualifier: count it once';

UNWIND [[51, 50], [57, 56]] AS pair
MATCH (a:Claim {no: pair[0]}), (b:Claim {no: pair[1]})
MERGE (a)-[r:RESTATES]->(b)
SET r.reason = 'the same sum in dollars';

UNWIND [
  {id: 'D1', kind: 'conflict', about: [9, 42], text: 'two numbers of arrests that nothing reconciles: never add them'},
  {id: 'D2', kind: 'restatement', about: [10, 12], text: 'websites shut are told twice'},
  {id: 'D3', kind: 'missing scale', about: [20], text: 'the scale word is missing; million is likely, the text does not say so'},
  {id: 'D4', kind: 'implausible', about: [22], text: 'not plausible as a count of websites, and the verb stands in quotation marks'},
  {id: 'D5', kind: 'misspelling', about: [15, 25], text: 'Sino Weibo is Sina Weibo, once as a site and once as a website column'},
  {id: 'D6', kind: 'identity', about: [14, 24], text: 'Baidu and Baidu Music are not the same thing'},
  {id: 'D7', kind: 'scope of a qualifier', about: [34, 35], text: 'more than may govern the shops alone or the accounts too'},
  {id: 'D8', kind: 'identity', about: [11, 18, 23, 58], text: 'whether the bodies named in these paragraphs are one is not said'},
  {id: 'D9', kind: 'overlap', about: [46, 52], text: 'whether the 29 gangs are among the 250 rings is not said'},
  {id: 'D10', kind: 'number', about: [52, 55], text: 'the criminal enterprise in the singular, after 29 gangs'},
  {id: 'D11', kind: 'overlap', about: [21, 35, 37], text: 'these accounts may overlap: a sum is a bound, not a fact'},
  {id: 'D12', kind: 'same number', about: [13, 37], text: 'the same number of other things: sites and accounts'},
  {id: 'D13', kind: 'same digits', about: [10, 12, 48], text: '34 individuals beside 34,000 websites'},
  {id: 'D14', kind: 'mixed notions', about: [50, 58], text: 'cash frozen and revenues frozen: their sum mixes two notions and is only about right'},
  {id: 'D15', kind: 'conversion', about: [51, 57], text: 'the dollar figures imply two different rates'},
  {id: 'D16', kind: 'vague date', about: [7, 8], text: 'six months from February end in July or August; no days are given'},
  {id: 'D17', kind: 'scope of an allegation', about: [27, 28], text: 'alleged is that they spread illegal information, not that they were supervised'},
  {id: 'D18', kind: 'trap', about: [55], text: 'QQ and WeChat are means used; no measure against them is told'},
  {id: 'D19', kind: 'vague source', about: [3], text: 'neither the media nor the publisher of the article is named'},
  {id: 'D20', kind: 'no speaker', about: [1], text: 'hailed a success, without saying by whom'},
  {id: 'D21', kind: 'misspelling', about: [10, 58], text: 'typing errors of the text are kept where it is quoted'}
] AS row
MERGE (i:Issue {id: row.id})
SET i.kind = row.kind, i.text = row.text
WITH i, row
UNWIND row.about AS no
MATCH (c:Claim {no: no})
MERGE (i)-[:CONCERNS]->(c);

// ---- names -------------------------------------------------------------------------------------

UNWIND [
  {text: 'Sino Weibo', kind: 'misspelling', of: 'weibo', status: 'stated'},
  {text: 'Weibo', kind: 'short form', of: 'weibo', status: 'inferred'},
  {text: 'the Ministry', kind: 'short form', of: 'ministry', status: 'stated'},
  {text: 'the authorities', kind: 'mention', of: 'authorities', status: 'inferred'},
  {text: 'the authorioties', kind: 'misspelling', of: 'authorities', status: 'inferred'},
  {text: 'the initiative', kind: 'mention', of: 'campaign', status: 'stated'},
  {text: 'Dr. Peng Broadband', kind: 'spacing', of: 'dr-peng', status: 'inferred'},
  {text: 'The criminal enterprise', kind: 'mention', of: 'gambling-gangs', status: 'inferred'}
] AS row
MATCH (t {id: row.of})
MERGE (a:Alias {text: row.text})
SET a.kind = row.kind
MERGE (a)-[r:NAMES]->(t)
SET r.status = row.status;
