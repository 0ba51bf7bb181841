"""Sentences of which the bench makes subjects and messages: enough of them that words are rare and common."""

# ruff: noqa: E501 - sentences

OBJECTS = (
    "imprimante", "scanner", "écran", "clavier", "souris", "casque", "dock", "portable", "téléphone", "tablette", "serveur",
    "messagerie", "agenda", "boîte partagée", "VPN", "Wi-Fi", "réseau", "badge", "visioconférence", "logiciel de paie",
    "comptabilité", "dossier partagé", "sauvegarde", "antivirus", "navigateur", "intranet", "signature électronique",
    "station d'accueil", "onduleur", "copieur",
)  # fmt: skip
TROUBLES = (
    "ne s'allume plus", "très lent depuis la mise à jour", "accès refusé", "message d'erreur au démarrage", "bloqué",
    "perdu", "à remplacer", "ne répond plus", "se déconnecte sans cesse", "mot de passe oublié", "installation demandée",
    "bruit anormal", "affiche une page blanche", "n'imprime qu'en noir", "demande un code inconnu", "introuvable",
)  # fmt: skip
PLACES = (
    "à l'accueil", "au secrétariat", "en salle de réunion", "à l'atelier", "au bloc opératoire", "à la comptabilité",
    "au dépôt", "en télétravail", "au premier étage", "dans la salle serveur", "à l'agence de Rouen", "chez la directrice",
)  # fmt: skip
SENTENCES = (
    "Bonjour,", "Depuis ce matin je n'arrive plus à travailler.", "J'ai redémarré deux fois sans résultat.",
    "Le voyant reste orange et rien ne se passe.", "Un collègue a le même souci que moi.", "C'est assez urgent, la paie part demain.",
    "Pouvez-vous passer dans la matinée ?", "Je joins une copie d'écran du message.", "Le fichier était là vendredi soir.",
    "La mise à jour s'est installée pendant la nuit.", "Nous avons pris la main sur le poste.", "Le pilote a été réinstallé.",
    "Merci de nous dire si cela revient.", "Le câble réseau était débranché derrière le bureau.", "Le compte a été déverrouillé.",
    "Une nouvelle cartouche est en commande chez le fournisseur.", "Le mot de passe provisoire vous est donné par téléphone.",
    "La boîte était pleine, les archives ont été déplacées.", "Le certificat du serveur avait expiré dimanche.",
    "J'ai vidé le cache du navigateur et relancé la session.", "Rien dans le journal des événements.",
    "Le disque montre des secteurs défectueux, il faut le changer.", "Le prestataire intervient mardi à quatorze heures.",
    "Bonne journée et merci pour votre aide,", "Cordialement,", "Il manque aussi l'accès au dossier des marchés.",
    "Le téléphone sonne mais personne n'entend la voix.", "La visioconférence coupe toutes les dix minutes.",
    "Le scanner envoie vers l'ancienne adresse.", "L'étiquette collée dessous porte le numéro indiqué.",
    "Ce courriel me paraît suspect, je n'ai pas cliqué.", "J'ai malheureusement ouvert la pièce jointe.",
    "Le poste est isolé du réseau en attendant l'analyse.", "L'antivirus a mis le fichier en quarantaine.",
    "La sauvegarde de la nuit s'est terminée avec des avertissements.", "La restauration est terminée, vérifiez les dossiers.",
    "Nouvelle arrivante lundi prochain, il lui faut un poste et un badge.", "Son responsable valide la demande.",
    "La licence est attribuée, fermez puis rouvrez l'application.", "Le bac numéro deux bourre dès la première feuille.",
    "Le VPN demande un code que je ne reçois pas.", "L'heure du téléphone était fausse, c'est corrigé.",
    "Le Wi-Fi de la salle de réunion ne montre plus le réseau invité.", "La borne a été redémarrée à distance.",
    "Je n'ai plus accès à l'agenda partagé du service.", "Les droits sont rendus par le groupe de sécurité.",
    "Le logiciel de comptabilité se ferme quand j'exporte.", "L'éditeur a fourni un correctif, il est installé.",
    "Merci, cela fonctionne de nouveau.", "Malheureusement le problème est revenu ce midi.",
)  # fmt: skip
