import type { Messages } from "./messages.ts";

/** The page's words in German. */
export const de: Messages = {
  "app.title": "Emoji-Wahl",
  "app.skip": "Zum Inhalt",
  "nav.label": "Seiten",
  "nav.vote": "Abstimmen",
  "nav.board": "Rangliste",
  "nav.verify": "Prüfen",
  "settings.language": "Sprache",
  "settings.theme": "Darstellung",
  "settings.theme.system": "Darstellung: wie das System",
  "settings.theme.light": "Darstellung: hell",
  "settings.theme.dark": "Darstellung: dunkel",

  "badge.checking": "wird geprüft …",
  "badge.simulation": "bezeugt · Simulation",
  "badge.hardware": "bezeugt · Hardware",
  "badge.unproven": "nicht bezeugt",
  "badge.refused": "abgelehnt",
  "badge.unknown": "Nachweis unbekannt",
  "badge.changed": "geändert",
  "badge.hint": "Was in diesem Browser geprüft wurde",

  "vote.lead":
    "Tippen Sie auf Ihren Favoriten. Ihr Stimmzettel wird für den vermessenen Wahldienst versiegelt.",
  "vote.search": "Emoji suchen",
  "vote.search.none": "Kein Emoji heißt „{query}“.",
  "vote.search.found.one": "1 Emoji gefunden",
  "vote.search.found.other": "{count} Emoji gefunden",
  "vote.list": "Wählbare Emoji",
  "vote.for": "Für {name} stimmen",
  "vote.loading": "Emoji werden geladen …",
  "vote.casting": "Ihre Stimme wird abgegeben …",
  "vote.what.list": "Die Liste der Emoji",

  "poll.open": "Die Wahl läuft.",
  "poll.open.until": "Die Wahl läuft bis {time}.",
  "poll.notOpen": "Die Wahl beginnt am {time}.",
  "poll.notOpen.unknown": "Die Wahl hat noch nicht begonnen.",
  "poll.closed": "Die Wahl ist beendet.",
  "poll.revote.unlimited": "Jede Stimme zählt: Sie dürfen beliebig oft abstimmen.",
  "poll.revote.last": "Sie dürfen erneut abstimmen: Ihre letzte Stimme zählt.",
  "poll.revote.once": "Aus jedem Browser zählt eine Stimme.",

  "ballot.title": "Ihr Stimmzettel",
  "ballot.sealing": "Es wird geprüft, wer ihn lesen kann, und versiegelt …",
  "ballot.sealed": "Versiegelt. Nur der bezeugte Wahldienst kann ihn öffnen.",
  "ballot.sealed.simulation":
    "Versiegelt für den bezeugten Wahldienst. Dessen Plattform ist hier simuliert: Wer den Rechner betreibt, könnte hineinsehen.",
  "ballot.changed":
    "Die Regeln dieses Dienstes haben sich geändert, seit Sie sie zuletzt angenommen haben.",
  "ballot.changed.link": "Was sich geändert hat",
  "ballot.cast": "Stimme abgeben",
  "ballot.audit": "Stattdessen prüfen",
  "ballot.back": "Anderes Emoji wählen",
  "ballot.code": "Stimmzettel-Code",
  "ballot.code.hint":
    "Notieren Sie ihn, bevor Sie sich entscheiden. Ihre Quittung muss denselben Code zeigen; er verrät nicht, was Sie gewählt haben.",
  "ballot.skip": "Nächstes Mal ohne diesen Schritt sofort abgeben",
  "ballot.skip.on": "Ein Tippen gibt Ihre Stimme ab.",
  "ballot.skip.off": "Zuerst den Stimmzettel zeigen",

  "audit.title": "Dieser Stimmzettel, geöffnet",
  "audit.lead":
    "Sie prüfen die Seite, statt zu wählen. Der Stimmzettel unten ist geöffnet und wird nicht abgegeben.",
  "audit.how":
    "Prüfen Sie ihn auf einem beliebigen anderen Gerät: Berechnen Sie den Code aus der Öffnung. Es muss der Code sein, der Ihnen gezeigt wurde.",
  "audit.shown": "Der Code, der Ihnen gezeigt wurde",
  "audit.save": "opening.json sichern",
  "audit.copy": "Kopieren",
  "audit.copied": "Kopiert",
  "audit.discarded":
    "Ein geöffneter Stimmzettel wird weggeworfen: Er würde anderen beweisen, was Sie gewählt haben. Der nächste hat einen neuen Code.",
  "audit.again": "Neuer Stimmzettel",
  "audit.opening": "Die Öffnung",

  "thanks.title": "Ihre Wahl",
  "thanks.lead": "Ihre Stimme ist gezählt, und Sie können es beweisen.",
  "thanks.board": "Zur Rangliste",
  "thanks.again": "Noch eins wählen",
  "thanks.share": "Wahl teilen",
  "thanks.shared": "Link kopiert",
  "thanks.share.text": "Ich habe bei einer Wahl mitgemacht, die alle nachprüfen können.",

  "receipt.title": "Ihre Quittung",
  "receipt.number": "Stimme {number} von {size} im Wahlbuch",
  "receipt.save": "Quittung sichern",
  "receipt.check": "Jetzt prüfen",
  "receipt.checking": "Wird geprüft …",
  "receipt.check.again": "Erneut prüfen",
  "receipt.hint":
    "Sie bleibt in diesem Browser und beweist, dass Ihre Stimme gezählt ist, nicht wofür.",
  "receipt.saved.at": "Abgegeben {time}",
  "receipt.remove": "Entfernen",
  "receipt.remove.label": "Quittung der Stimme {number} entfernen",
  "receipt.mismatch":
    "Das Wahlbuch enthält einen anderen Code als den, der Ihnen gezeigt wurde. Ihre Stimme wurde unterwegs verändert: Bewahren Sie diese Quittung auf und zeigen Sie sie anderen.",
  "receipt.mine": "Meine Quittungen",
  "receipt.none":
    "In diesem Browser liegt noch keine Quittung. Nach der Stimmabgabe erscheint sie hier.",
  "receipt.open": "Quittungsdatei prüfen",
  "receipt.unreadable": "Diese Datei ist keine Quittung.",

  "check.included": "Ihre Stimme ist Nummer {number} von {size} im Wahlbuch.",
  "check.included.failed": "Die Quittung beweist nicht, was sie behauptet.",
  "check.signed": "Diesen Stand des Wahlbuchs hat der bezeugte Wahldienst unterschrieben.",
  "check.foreign":
    "Die Quittung ist mit einem anderen Schlüssel unterschrieben als dem des bezeugten Wahldienstes.",
  "check.grown": "Das heutige Wahlbuch mit {size} Stimmen enthält noch alles bis zu Ihrer Stimme.",
  "check.same": "Das heutige Wahlbuch ist genau das Ihrer Quittung.",
  "check.shrunk":
    "Das Wahlbuch hat jetzt {size} Stimmen und hatte {before}, als Sie wählten: Stimmen wurden entfernt.",
  "check.forked":
    "Das heutige Wahlbuch ist keine Fortsetzung desjenigen, aus dem Ihre Quittung stammt.",
  "check.offline": "Ob das heutige Wahlbuch sie noch enthält, ließ sich nicht prüfen: {reason}.",
  "check.older":
    "Der Nachweis ist älter als Ihre Stimme und kann nicht zeigen, ob das heutige Wahlbuch sie enthält.",
  "check.unattested":
    "Ohne geprüften Nachweis ist kein Schlüssel bekannt, mit dem die Quittung zu prüfen wäre.",
  "check.good": "Ihre Stimme ist gezählt.",
  "check.bad": "Etwas stimmt nicht. Bewahren Sie die Quittung auf und zeigen Sie sie anderen.",
  "check.partly": "Ihre Quittung ist echt; der Rest ließ sich nicht prüfen.",

  "hazard.offline": "Offline",
  "hazard.doughnut":
    "Für den Donut zu stimmen misslingt in dieser Version immer, mit Absicht. Ihre Stimme wurde nicht gezählt.",
  "hazard.doughnut.note":
    "Das ist der Fehler in der Geschichte dieser Vorführung: Die Betreiberin erlaubt die nächste Version des Wahldienstes, und dann zählt der Donut. Mit dem Netz und Ihrer Verbindung ist alles in Ordnung.",
  "hazard.failed": "Ihre Stimme für {name} konnte nicht verarbeitet werden.",
  "hazard.notCounted": "Sie wurde nicht gezählt.",
  "hazard.uncertain":
    "Sie kam vielleicht an, vielleicht nicht. Senden Sie sie noch einmal: Es ist derselbe Stimmzettel und zählt einmal, so oft er auch gesandt wird.",
  "hazard.retry": "Noch einmal senden",
  "hazard.again": "Neu wählen",
  "hazard.twice.title": "Schon gewählt",
  "hazard.twice": "Aus diesem Browser wurde schon gewählt, und je Browser zählt eine Stimme.",
  "hazard.closed.title": "Geschlossen",
  "hazard.closed": "Die Wahl nimmt jetzt keine Stimmen an.",
  "hazard.untrusted.title": "Nicht versiegelt",
  "hazard.untrusted":
    "Ihre Stimme wurde nicht gesandt: Diese Seite konnte nicht prüfen, wer sie lesen könnte.",
  "hazard.untrusted.link": "Was gefunden wurde",

  "board.title": "Rangliste",
  "board.counting": "Es wird gezählt …",
  "board.empty": "Noch niemand hat gewählt. Machen Sie den Anfang!",
  "board.summary": "{votes} für {emoji} Emoji",
  "board.votes.one": "1 Stimme",
  "board.votes.other": "{count} Stimmen",
  "board.live": "Live",
  "board.polling": "Alle paar Sekunden aktualisiert",
  "board.stale": "Nicht verbunden; das sind die letzten bekannten Ergebnisse",
  "board.hidden": "Die Ergebnisse bleiben verborgen, bis die Wahl beendet ist.",
  "board.hidden.size.one": "1 Stimme liegt im Wahlbuch.",
  "board.hidden.size.other": "{count} Stimmen liegen im Wahlbuch.",
  "board.list": "Emoji nach Stimmen",
  "board.vote": "Für Ihren Favoriten stimmen",
  "board.all": "Alle {count} zeigen",
  "board.fewer": "Weniger zeigen",
  "board.superseded.one": "1 frühere Stimme wurde ersetzt.",
  "board.superseded.other": "{count} frühere Stimmen wurden ersetzt.",
  "board.what": "Die Rangliste",
  "board.tally": "Unterschriebene Zählung prüfen",
  "board.tally.checking": "Die unterschriebene Zählung wird geprüft …",
  "board.tally.good":
    "Die unterschriebene Zählung von {size} Stimmen ist echt: Die Zahlen ergeben zusammen das Wahlbuch.",
  "board.tally.same": "Sie ist genau das, was Sie hier sehen.",
  "board.tally.older":
    "Inzwischen kamen Stimmen hinzu; die unterschriebene Zählung folgt in Sekunden.",
  "board.tally.differs":
    "Die Zahlen auf dieser Seite sind nicht die, die der Wahldienst unterschrieben hat. Trauen Sie ihnen nicht.",
  "board.tally.bad": "Die unterschriebene Zählung hält der Prüfung nicht stand: {reason}.",

  "verify.title": "Was hinter dieser Wahl steht",
  "verify.checking": "Die Nachweise werden in diesem Browser geprüft …",
  "verify.verdict.simulation": "Geprüft, in einer Simulation",
  "verify.verdict.simulation.text":
    "Alles unten wurde in diesem Browser geprüft und passt zusammen. Aber keine Hardware schützt es: In einem echten System enden dieselben Prüfungen bei einem Chiphersteller, hier enden sie bei einem simulierten.",
  "verify.verdict.hardware": "Geprüft, auf echter Hardware",
  "verify.verdict.hardware.text":
    "Alles unten wurde in diesem Browser geprüft: der Nachweis des Chipherstellers, das Manifest, die Zertifikate, die Schlüssel und die Zählung.",
  "verify.verdict.unproven": "Nicht bezeugt",
  "verify.verdict.unproven.text":
    "Die Zertifikate passen zusammen, aber der Coordinator hat keinen Nachweis gesandt: Nichts zeigt, was läuft.",
  "verify.verdict.refused": "Abgelehnt",
  "verify.verdict.refused.text": "Etwas hält der Prüfung nicht stand. Die Gründe stehen unten.",
  "verify.unsealed":
    "Solange das so ist, versiegelt diese Seite keinen Stimmzettel für diesen Dienst.",
  "verify.failed": "Der Nachweis",
  "verify.again": "Erneut prüfen",
  "verify.time": "Geprüft {time}",
  "verify.details": "Einzelheiten",
  "verify.save": "Nachweise sichern",

  "pin.first":
    "Dieser Browser sieht es zum ersten Mal und merkt es sich, damit Sie von jeder Änderung erfahren.",
  "pin.same": "All das ist, was dieser Browser seit {time} kennt.",
  "pin.changed.title": "Was hier läuft, hat sich geändert",
  "pin.changed.text":
    "Es ist nicht, was dieser Browser kannte und Sie {time} angenommen haben. Die Änderung kann in Ordnung sein, aber jemand, der es darf, hat sie vorgenommen. Lesen Sie, was sich geändert hat:",
  "pin.changed.assurance": "Bisher bürgte dafür: {before}. Jetzt: {now}.",
  "pin.changed.program":
    "Der Coordinator ist jetzt ein anderes Programm: Sein Messwert ist {measurement}.",
  "pin.changed.root":
    "Der Coordinator hat eine andere Identität: Sein Wurzelzertifikat ist neu. Er wurde vielleicht neu aufgesetzt, oder es ist ein anderer.",
  "pin.changed.unknown": "Was sich geändert hat, lässt sich nicht in Worten sagen.",
  "pin.accept": "Ich nehme dieses Manifest an",
  "pin.old": "SHA-256 vorher",
  "pin.new": "SHA-256 jetzt",

  "section.coordinator": "Wer bürgt",
  "section.programs": "Was laufen darf",
  "section.change": "Wer es ändern kann",
  "section.site": "Diese Seite",
  "section.ballots": "Ihre Stimme, das Wahlbuch und die Zählung",
  "section.doubt": "Glauben Sie dieser Seite nicht",

  "coordinator.lead":
    "Ein Coordinator prüft jeden Dienst, bevor er mitmachen darf. Das sagt sein eigener Nachweis.",
  "fact.measurement": "Messwert",
  "fact.signer": "Unterzeichner",
  "fact.product": "Produktnummer",
  "fact.version": "Sicherheitsversion",
  "fact.debug": "Debug",
  "fact.debug.yes": "ja: sein Speicher ist lesbar",
  "fact.debug.no": "nein",
  "fact.platform": "Plattform",
  "fact.tcb": "Stand der Plattform",
  "fact.advisories": "Offene Warnungen",
  "fact.anchor": "Vertrauensanker",
  "fact.root": "Wurzelzertifikat, SHA-256",
  "fact.manifest": "Manifest, SHA-256",
  "fact.none": "keine",
  "fact.any": "beliebig",
  "fact.unknown": "nicht genannt",

  "programs.lead": "Nur Programme mit diesen Identitäten bekommen Schlüssel und Zertifikate.",
  "programs.table": "Programme, die laufen dürfen",
  "programs.summary": "ab Version {version}",
  "programs.more": "Parameter, Verbindungen und Geheimnisse",

  "change.lead": "Wer die Liste oben ändern darf und was bisher geändert wurde.",
  "change.log": "Was geändert wurde",
  "change.log.unsigned":
    "Das Protokoll nennt der Webdienst, unterschrieben ist es nicht. Das Kommandozeilenwerkzeug fragt den Coordinator selbst.",
  "change.log.empty": "Nichts ist genannt.",

  "site.name": "Ausgestellt für",
  "site.names": "Namen",
  "site.valid": "Gültig",
  "site.valid.range": "{from} bis {to}",
  "site.sha256": "Fingerabdruck, SHA-256",
  "site.compare":
    "Vergleichen Sie den Fingerabdruck mit dem, den Ihr Browser zeigt: Klicken Sie auf das Symbol vor der Adresse, dann auf „Zertifikat“. Sind sie verschieden, steht jemand zwischen Ihnen und dieser Seite.",

  "ballots.poll": "Wahl",
  "ballots.log": "Wahlbuch",
  "ballots.key": "Schlüssel für Stimmzettel",
  "ballots.size": "Stimmen im Wahlbuch",
  "ballots.root": "Wurzelhash",
  "ballots.counted": "Gezählte Stimmen",
  "ballots.superseded": "Ersetzte Stimmen",
  "ballots.witnesses": "Zeugen",
  "ballots.witness.seen": "{name}, {time}",

  "doubt.lead":
    "Eine Seite kann nicht für sich selbst bürgen: Wer den Dienst austauschen könnte, könnte auch diese Seite und ihr Urteil austauschen. Prüfen Sie mit etwas, das nicht von hier kommt.",
  "doubt.cli": "Mit der Kommandozeile",
  "doubt.cli.text":
    "Auf Ihrem eigenen Rechner: Sie prüft dieselben Nachweise, beweist, dass genau diese Verbindung zum Zertifikat oben führt, und prüft Wahlbuch, Zählung und Quittung.",
  "doubt.file": "Mit einer Datei von Ihrer Festplatte",
  "doubt.file.text":
    "Derselbe Prüfer als eine Datei. Holen Sie sie bei jemandem, dem Sie trauen, vergleichen Sie ihre SHA-256, behalten Sie sie und öffnen Sie sie von Ihrer Festplatte.",
  "doubt.file.save": "Prüfer sichern",
  "doubt.origin": "Von einem anderen Ort",
  "doubt.origin.text":
    "Jeder darf diese Datei anbieten. Öffnen Sie sie dort, wo Sie dem Anbieter trauen, und geben Sie die Adresse dieser Wahl ein.",

  "error.load": "{what}: Laden misslungen ({reason}).",
  "error.load.status": "{what}: Laden misslungen (Status {status}, {reason}).",
  "error.again": "Noch einmal",
  "error.reason.unreachable": "der Server ist nicht erreichbar",
  "error.reason.form": "die Antwort hat eine unbekannte Form",
  "error.reason.browser":
    "dieser Browser hat kein {algorithm} in WebCrypto, oder die Seite kam ohne https; nötig sind Ed25519 und X25519, wie in Chromium 137, Firefox 130, Safari 17 und neueren",
  "error.reason.voting": "der Wahldienst ist nicht da oder startet nicht",
  "error.reason.none": "der Server nannte keinen Grund",

  "notFound.text": "Unter dieser Adresse gibt es nichts.",
  "notFound.back": "Zum Stimmzettel",

  "footer.credit":
    "Eine vertrauliche Wahl auf Carrara, nach {buoyant} und dessen {edgeless} (Apache-2.0).",
  "footer.buoyant": "emojivoto von Buoyant",
  "footer.edgeless": "vertraulicher Abspaltung von Edgeless Systems",

  "standalone.title": "Wahlprüfer",
  "standalone.lead":
    "Diese Datei prüft eine Carrara-Wahl und Ihre Quittungen. Sie enthält alles, was sie braucht, lädt nichts nach und spricht nur mit der Adresse, die Sie eingeben.",
  "standalone.address": "Adresse der Wahl",
  "standalone.fetch": "Nachweise holen",
  "standalone.file": "Oder Dateien öffnen: evidence.json, receipt.json, opening.json",
  "standalone.drop": "Dateien hierher ziehen oder auswählen",
  "standalone.identity": "Messwert, den Sie vom Coordinator erwarten (freiwillig)",
  "standalone.identity.hint":
    "64 Hexziffern, auf SEV-SNP 96. Ohne ihn wird jedes Programm angenommen, das seine Identität beweist.",
  "standalone.identity.invalid":
    "Das ist kein Messwert aus 64 oder 96 Hexziffern. Bis er stimmt oder leer ist, wird nichts geprüft.",
  "standalone.address.invalid": "Das ist keine https-Adresse.",
  "standalone.unreadable": "{name} ist weder Nachweis noch Quittung noch Öffnung.",
  "standalone.verify": "Prüfen",
  "standalone.unreachable":
    "Die Adresse hat dieser Seite nicht geantwortet. Wenn Ihr Browser ihr Zertifikat nicht kennt, öffnen Sie die Adresse dort einmal, oder sichern Sie die Nachweise mit: {command}",
  "standalone.opening.good": "Die Öffnung passt zu ihrem Code. Der Stimmzettel war für:",
  "standalone.opening.bad":
    "Die Öffnung passt nicht zu ihrem Code: Die Seite, die sie machte, hat betrogen.",
  "standalone.choice": "Wahlmöglichkeit Nummer {number}",
};
