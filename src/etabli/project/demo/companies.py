"""Who the sample companies are: where they work, how they are organised, what they own."""

# ruff: noqa: E501 - tables read better unfolded

from dataclasses import dataclass


@dataclass(frozen=True)
class FloorPlan:
    """A floor with its rooms; ``technical`` rooms receive a rack each."""

    name: str
    level: int
    rooms: tuple[str, ...]
    technical: tuple[str, ...] = ()


@dataclass(frozen=True)
class SitePlan:
    """A site: its address, and its buildings by name."""

    name: str
    code: str
    street: str
    postcode: str
    city: str
    phone: str
    access: str
    buildings: dict[str, tuple[FloorPlan, ...]]


@dataclass(frozen=True)
class UnitPlan:
    """An org unit: its positions ``(title, number of people)``, the manager first, « m|f » titles agree; its rooms."""

    name: str
    positions: tuple[tuple[str, int], ...]
    rooms: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """A sample company. ``fleet`` counts assets by kind; ``network`` is the first three bytes of its addresses."""

    key: str
    name: str
    colour: int
    domain: str
    workgroup: str
    network: str
    first_tag: int
    employee_prefix: str
    sites: tuple[SitePlan, ...]
    units: tuple[UnitPlan, ...]
    fleet: dict[str, int]
    servers: tuple[str, ...]
    machines: tuple[tuple[str, str], ...]  # virtual machines: name, system


PROVIDER = Company(
    key="normandie",
    name="Normandie Services",
    colour=1,
    domain="normandie-services.example",
    workgroup="NSERVICES",
    network="10.76.0",
    first_tag=1,
    employee_prefix="NS",
    sites=(
        SitePlan(
            "Agence de Rouen", "ROU", "14 rue Saint-Sever", "76100", "Rouen", "02 61 91 10 10",
            "Interphone « Normandie Services », 2e étage. Parking visiteurs derrière l'immeuble.",
            {
                "Immeuble Seine": (
                    FloorPlan("2e étage", 2, ("Open space support", "Bureau de direction", "Atelier de préparation", "Salle Jumièges"), ("Local serveur",)),
                )
            },
        ),
    ),
    units=(
        UnitPlan("Direction", (("Gérant|Gérante", 1),), ("Bureau de direction",)),
        UnitPlan("Support", (("Responsable support", 1), ("Technicien|Technicienne", 4)), ("Open space support", "Atelier de préparation",)),
        UnitPlan("Projets", (("Ingénieur systèmes|Ingénieure systèmes", 2),), ("Open space support",)),
    ),
    fleet={
        "laptop": 9, "desktop": 1, "server": 2, "vm": 4, "tablet": 1, "phone": 8, "monitor": 6, "printer": 1, "switch": 1,
        "router": 1, "firewall": 1, "access-point": 1, "nas": 1, "ups": 1, "dock": 3, "peripheral": 1,
    },
    servers=("SRV-PVE1", "SRV-PVE2"),
    machines=(("SRV-AD", "windows"), ("SRV-SUPERVISION", "debian"), ("SRV-WIKI", "debian"), ("SRV-SAUVEGARDE", "debian")),
)  # fmt: skip

CLINIC = Company(
    key="clinique",
    name="Clinique des Tilleuls",
    colour=2,
    domain="clinique-tilleuls.example",
    workgroup="TILLEULS",
    network="10.20.1",
    first_tag=301,
    employee_prefix="CT",
    sites=(
        SitePlan(
            "Clinique", "CLI", "27 avenue des Tilleuls", "76000", "Rouen", "02 61 91 20 00",
            "Accueil ouvert de 7 h à 21 h. Badge technique à retirer au PC sécurité, pièce d'identité demandée. "
            "Bloc opératoire : prévenir le chef de bloc 24 h avant.",
            {
                "Bâtiment principal": (
                    FloorPlan("Sous-sol", -1, ("Pharmacie", "Stérilisation", "Archives"), ("Local serveur",)),
                    FloorPlan("Rez-de-chaussée", 0, ("Accueil", "Admissions", "Urgences", "Radiologie"), ("Local technique RDC",)),
                    FloorPlan("1er étage", 1, ("Poste de soins A", "Poste de soins B", "Salle de réveil", "Bloc 1", "Bloc 2"), ("Local technique 1er",)),
                ),
                "Pavillon administratif": (
                    FloorPlan("Rez-de-chaussée", 0, ("Direction", "Comptabilité", "Secrétariat médical", "Salle de réunion")),
                ),
            },
        ),
        SitePlan(
            "Centre de consultation", "MSA", "3 place Colbert", "76130", "Mont-Saint-Aignan", "02 61 91 20 40",
            "Ouvert de 8 h à 19 h. Clé du local technique à l'accueil.",
            {"Bâtiment": (FloorPlan("Rez-de-chaussée", 0, ("Accueil", "Cabinet 1", "Cabinet 2", "Cabinet 3"), ("Local technique",)),)},
        ),
    ),
    units=(
        UnitPlan("Direction", (("Directeur|Directrice", 1), ("Assistant de direction|Assistante de direction", 1)), ("Direction",)),
        UnitPlan("Administration", (("Responsable administratif et financier|Responsable administrative et financière", 1), ("Comptable", 1), ("Gestionnaire de paie", 1), ("Secrétaire médical|Secrétaire médicale", 4)), ("Comptabilité", "Secrétariat médical",)),
        UnitPlan("Soins", (("Directeur des soins|Directrice des soins", 1), ("Cadre de santé", 2), ("Infirmier|Infirmière", 8), ("Aide-soignant|Aide-soignante", 4)), ("Poste de soins A", "Poste de soins B", "Urgences", "Cabinet 1", "Cabinet 2",)),
        UnitPlan("Bloc opératoire", (("Chef de bloc|Cheffe de bloc", 1), ("Infirmier de bloc|Infirmière de bloc", 3), ("Médecin anesthésiste", 2)), ("Bloc 1", "Bloc 2", "Salle de réveil",)),
        UnitPlan("Pharmacie", (("Pharmacien|Pharmacienne", 1), ("Préparateur en pharmacie|Préparatrice en pharmacie", 1)), ("Pharmacie",)),
        UnitPlan("Accueil et admissions", (("Responsable des admissions", 1), ("Agent d'accueil|Agente d'accueil", 2)), ("Admissions", "Accueil",)),
        UnitPlan("Technique", (("Responsable technique", 1), ("Référent informatique|Référente informatique", 1), ("Agent de maintenance|Agente de maintenance", 1)), ("Archives", "Stérilisation",)),
    ),
    fleet={
        "laptop": 26, "desktop": 22, "server": 3, "vm": 8, "tablet": 6, "phone": 14, "monitor": 34, "printer": 7, "switch": 6,
        "router": 1, "firewall": 1, "access-point": 6, "nas": 2, "ups": 3, "dock": 9, "peripheral": 2,
    },
    servers=("SRV-ESX1", "SRV-ESX2", "SRV-IMAGERIE"),
    machines=(
        ("SRV-AD1", "windows"), ("SRV-AD2", "windows"), ("SRV-FICHIERS", "windows"), ("SRV-DPI", "windows"), ("SRV-DPI-BASE", "windows"),
        ("SRV-IMPRESSION", "windows"), ("SRV-WEB", "debian"), ("SRV-SUPERVISION", "debian"),
    ),
)  # fmt: skip

WORKSHOP = Company(
    key="vauquelin",
    name="Atelier Vauquelin",
    colour=3,
    domain="atelier-vauquelin.example",
    workgroup="VAUQUELIN",
    network="192.168.44",
    first_tag=101,
    employee_prefix="AV",
    sites=(
        SitePlan(
            "Atelier et bureaux", "NTE", "8 quai de la Fosse", "44000", "Nantes", "02 61 91 44 00",
            "Portail sur cour, ouvert de 7 h 30 à 17 h 30. Chaussures de sécurité dans l'atelier.",
            {
                "Bureaux": (
                    FloorPlan("Rez-de-chaussée", 0, ("Accueil", "Salle d'exposition"), ("Local réseau",)),
                    FloorPlan("1er étage", 1, ("Bureau d'études", "Direction", "Comptabilité", "Salle de réunion")),
                ),
                "Atelier": (FloorPlan("Rez-de-chaussée", 0, ("Débit", "Commande numérique", "Montage", "Finition"), ("Armoire atelier",)),),
            },
        ),
        SitePlan(
            "Dépôt", "CQF", "5 rue des Coquelicots", "44470", "Carquefou", "02 61 91 44 30", "Quai de 8 h à 16 h. Sonner au quai 2.",
            {"Entrepôt": (FloorPlan("Rez-de-chaussée", 0, ("Quai", "Bureau logistique")),)},
        ),
    ),
    units=(
        UnitPlan("Direction", (("Gérant|Gérante", 1), ("Assistant de gestion|Assistante de gestion", 1)), ("Direction",)),
        UnitPlan("Bureau d'études", (("Responsable du bureau d'études", 1), ("Dessinateur-projeteur|Dessinatrice-projeteuse", 4)), ("Bureau d'études",)),
        UnitPlan("Production", (("Chef d'atelier|Cheffe d'atelier", 1), ("Menuisier|Menuisière", 6), ("Opérateur sur commande numérique|Opératrice sur commande numérique", 2)), ("Montage", "Débit", "Finition", "Commande numérique",)),
        UnitPlan("Commerce", (("Responsable commercial|Responsable commerciale", 1), ("Commercial|Commerciale", 3)), ("Salle d'exposition", "Accueil",)),
        UnitPlan("Administration", (("Comptable", 1), ("Chargé des achats|Chargée des achats", 1)), ("Comptabilité",)),
        UnitPlan("Logistique", (("Responsable logistique", 1), ("Chauffeur-livreur|Chauffeuse-livreuse", 1)), ("Bureau logistique", "Quai",)),
    ),
    fleet={
        "laptop": 16, "desktop": 12, "server": 2, "vm": 5, "tablet": 4, "phone": 10, "monitor": 28, "printer": 5, "switch": 4,
        "router": 1, "firewall": 1, "access-point": 4, "nas": 2, "ups": 2, "dock": 8, "peripheral": 8,
    },
    servers=("SRV-PVE1", "SRV-CAO"),
    machines=(("SRV-AD", "windows"), ("SRV-GESTION", "windows"), ("SRV-PLANS", "debian"), ("SRV-WEB", "debian"), ("SRV-SAUVEGARDE", "debian")),
)  # fmt: skip

TOWN_HALL = Company(
    key="saint-aubin",
    name="Mairie de Saint-Aubin",
    colour=4,
    domain="saint-aubin-mairie.example",
    workgroup="MAIRIE",
    network="192.168.10",
    first_tag=201,
    employee_prefix="MA",
    sites=(
        SitePlan(
            "Hôtel de ville", "HDV", "1 place de la Mairie", "76410", "Saint-Aubin-lès-Elbeuf", "02 61 91 76 00",
            "Du lundi au vendredi, 8 h 30 à 17 h 30. Baie au sous-sol : clé chez le directeur des services techniques.",
            {
                "Hôtel de ville": (
                    FloorPlan("Sous-sol", -1, ("Archives",), ("Local informatique",)),
                    FloorPlan("Rez-de-chaussée", 0, ("Accueil", "État civil", "Police municipale")),
                    FloorPlan("1er étage", 1, ("Bureau du maire", "Direction générale", "Finances", "Urbanisme", "Salle du conseil")),
                )
            },
        ),
        SitePlan(
            "École Jules-Verne", "ECO", "12 rue des Écoles", "76410", "Saint-Aubin-lès-Elbeuf", "02 61 91 76 20",
            "Hors temps scolaire de préférence ; passer par le gardien.",
            {"École": (FloorPlan("Rez-de-chaussée", 0, ("Bureau de la direction", "Salle informatique", "Classe mobile"), ("Placard réseau",)),)},
        ),
        SitePlan(
            "Centre technique", "CTM", "Chemin du Port", "76410", "Saint-Aubin-lès-Elbeuf", "02 61 91 76 30", "Ouvert de 7 h à 16 h.",
            {"Ateliers": (FloorPlan("Rez-de-chaussée", 0, ("Bureau", "Garage")),)},
        ),
    ),
    units=(
        UnitPlan("Direction générale", (("Directeur général des services|Directrice générale des services", 1), ("Assistant du maire|Assistante du maire", 1)), ("Direction générale", "Bureau du maire",)),
        UnitPlan("Accueil et état civil", (("Responsable de l'accueil", 1), ("Agent d'état civil|Agente d'état civil", 3)), ("Accueil", "État civil",)),
        UnitPlan("Urbanisme", (("Responsable de l'urbanisme", 1), ("Instructeur|Instructrice", 1)), ("Urbanisme",)),
        UnitPlan("Finances", (("Responsable des finances", 1), ("Agent comptable|Agente comptable", 1)), ("Finances",)),
        UnitPlan("Services techniques", (("Directeur des services techniques|Directrice des services techniques", 1), ("Agent technique|Agente technique", 3)), ("Bureau", "Garage",)),
        UnitPlan("École et périscolaire", (("Coordinateur périscolaire|Coordinatrice périscolaire", 1), ("Animateur|Animatrice", 2)), ("Bureau de la direction", "Salle informatique",)),
        UnitPlan("Police municipale", (("Chef de poste|Cheffe de poste", 1), ("Policier municipal|Policière municipale", 1)), ("Police municipale",)),
        UnitPlan("Médiathèque", (("Directeur de la médiathèque|Directrice de la médiathèque", 1),), ("Salle du conseil",)),
    ),
    fleet={
        "laptop": 12, "desktop": 18, "server": 2, "vm": 4, "tablet": 4, "phone": 10, "monitor": 26, "printer": 6, "switch": 5,
        "router": 1, "firewall": 1, "access-point": 5, "nas": 1, "ups": 2, "dock": 6, "peripheral": 5,
    },
    servers=("SRV-HV1", "SRV-VIDEO"),
    machines=(("SRV-AD", "windows"), ("SRV-METIER", "windows"), ("SRV-FICHIERS", "windows"), ("SRV-WEB", "debian")),
)  # fmt: skip

CLIENTS = (CLINIC, WORKSHOP, TOWN_HALL)
COMPANIES = (PROVIDER, *CLIENTS)
