import type { FindingId } from "@carrara/client/evidence";

/** The verifier's sentences in German; English is in the verifier itself. */
export const findingsDe: Readonly<Record<FindingId, string>> = {
  "coordinator.hardware":
    "Der Coordinator läuft in echter {tee}-Hardware, und sein Nachweis ist gültig.",
  "coordinator.simulated":
    "Der Nachweis des Coordinators ist gültig, aber seine Plattform ist simuliert: Sie zeigt, wie alles geht, und schützt nichts vor dem, der den Rechner betreibt.",
  "coordinator.unproven": "Der Coordinator sandte keinen Nachweis. Niemand weiß, was er ist.",
  "coordinator.refused":
    "Der Nachweis des Coordinators wurde abgelehnt; nichts anderes hier ist damit vertrauenswürdig.",
  "identity.expected": "Es ist das Coordinator-Programm, das Sie erwarten.",
  "identity.unnamed":
    "Niemand hat gesagt, welches Coordinator-Programm zu erwarten ist: Vergleichen Sie seinen Messwert mit dem veröffentlichten.",
  "manifest.signed":
    "Das Manifest, das sagt, was laufen darf, ist von genau diesem Coordinator unterschrieben.",
  "manifest.refused": "Das Manifest ist nicht das, das der Coordinator unterschrieben hat.",
  "updates.none": "Laut Protokoll ist das Manifest unverändert, seit es am {time} gesetzt wurde.",
  "updates.some":
    "Laut Protokoll hat jemand das Manifest oder seine Geheimnisse geändert, zuletzt am {time}.",
  "updates.unknown": "Wann das Manifest zuletzt geändert wurde, ist nicht genannt.",
  "keys.attested":
    "Der Schlüssel, mit dem Ihr Stimmzettel versiegelt wird, gehört dem Wahldienst, den der Coordinator bezeugt.",
  "keys.missing":
    "Der Wahldienst nannte keinen Schlüssel; kein Stimmzettel kann für ihn versiegelt werden.",
  "keys.refused": "Der Schlüssel für Stimmzettel stammt nicht vom bezeugten Wahldienst.",
  "keys.disagree": "Die Wahldienste sind sich über Wahl, Wahlbuch oder Regeln nicht einig.",
  "site.attested": "Das Zertifikat dieser Seite kommt vom selben Coordinator.",
  "site.earlier":
    "Das Zertifikat dieser Seite kommt vom selben Coordinator, aus der Zeit vor seiner letzten Änderung.",
  "site.missing": "Die Seite nannte ihr Zertifikat nicht.",
  "site.refused": "Das Zertifikat dieser Seite kommt nicht vom bezeugten Coordinator.",
  "checkpoint.signed":
    "Das Wahlbuch mit {size} Stimmen ist vom bezeugten Wahldienst unterschrieben.",
  "checkpoint.missing": "Das Wahlbuch hat noch keinen unterschriebenen Stand.",
  "checkpoint.refused":
    "Der Stand des Wahlbuchs ist nicht vom bezeugten Wahldienst unterschrieben.",
  "tally.signed":
    "Die Zählung ist unterschrieben, und ihre Stimmen ergeben zusammen die Zahl der Stimmen im Wahlbuch.",
  "tally.missing":
    "Keine unterschriebene Zählung ist veröffentlicht: Ergebnisse können bis zum Ende der Wahl verborgen sein.",
  "tally.refused": "Die Zählung hält der Prüfung nicht stand.",
  "witnesses.cosigned":
    "{count} von {total} unabhängigen Zeugen haben dasselbe Wahlbuch gesehen: {names}.",
  "witnesses.silent":
    "Kein Zeuge hat diesen Stand des Wahlbuchs bestätigt: Zwei Wählern könnten zwei verschiedene gezeigt werden.",
  "witnesses.none":
    "Die Wahl hat keine unabhängigen Zeugen: Zwei Wählern könnten zwei verschiedene Wahlbücher gezeigt werden. Vergleichen Sie den Stand mit anderen.",
};
