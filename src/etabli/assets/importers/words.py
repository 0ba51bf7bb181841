"""What the words of other tools mean here: states, kinds of equipment. Compared without case nor accents."""

from collections.abc import Mapping

from etabli.kernel.text import plain

Words = dict[str, str]


def spelled(meanings: Mapping[str, str]) -> Words:
    """``{"in_stock": "Ready to deploy, En stock"}`` → one entry for each word."""
    return {plain(word.strip()): value for value, words in meanings.items() for word in words.split(",")}


STATES = spelled(
    {
        "requested": "demandé, requested",
        "ordered": "commandé, en commande, ordered, on order",
        "received": "reçu, livré, received, delivered",
        "in_stock": "en stock, stock, disponible, prêt à déployer, prêt à être déployé, neuf, ready to "
        "deploy, deployable, available, in stock, spare, undeployed",
        "preparing": "en préparation, préparation, à préparer, pending, en attente, being prepared, in "
        "preparation, pending deployment, masterisation",
        "in_service": "en service, en production, production, déployé, affecté, utilisé, en utilisation, "
        "actif, deployed, in use, in service, in production, active, used, assigned, installed",
        "on_loan": "en prêt, prêté, prêt, loaned, on loan, lent",
        "in_repair": "en panne, en réparation, réparation, sav, en sav, hs, hors service, panne, in repair, "
        "broken, out for repair, out for diagnostics, broken - not fixable, defective, "
        "undeployable, pending diagnostics, maintenance, en maintenance",
        "to_retire": "à réformer, à rebuter, à sortir, to retire, end of life, fin de vie",
        "retired": "réformé, rebuté, au rebut, rebut, mis au rebut, archivé, archived, retired, "
        "decommissioned, déclassé, sorti du parc, sorti",
        "lost": "perdu, lost, égaré, manquant, missing, lost/stolen",
        "stolen": "volé, stolen, vol",
        "gone": "cédé, vendu, donné, détruit, recyclé, sold, disposed, recycled, donated, destroyed",
    }
)
KINDS = spelled(
    {
        "laptop": "laptops, notebook, notebooks, portable, portables, ordinateur portable, ordinateurs "
        "portables, pc portable, pc portables, ultrabook, ultrabooks, sub notebook, macbook, "
        "convertible, detachable",
        "desktop": "desktops, pc fixe, pc fixes, fixe, fixes, ordinateur, ordinateurs, ordinateur fixe, "
        "tour, unité centrale, workstation, workstations, station de travail, stations de "
        "travail, computer, computers, pc, pcs, mini tower, tower, all in one, all-in-one, low "
        "profile desktop, space-saving, mini pc, poste, postes, client léger, thin client",
        "server": "servers, serveurs, rack mount chassis, blade, lame, serveur rack",
        "vm": "virtual machines, virtual, vmware, virtuel, machines virtuelles, vps, kvm, hyper-v, "
        "virtualbox, qemu",
        "tablet": "tablets, tablettes, ipad, ipads",
        "phone": "phones, mobile, mobiles, mobile phones, smartphone, smartphones, téléphones, iphone, "
        "mobile phone, téléphone mobile, téléphones mobiles, téléphone fixe, ip phone, voip "
        "phones",
        "monitor": "monitors, écrans, moniteur, moniteurs, display, displays, screen, screens, lcd, led",
        "printer": "printers, imprimantes, mfp, multifonction, multifonctions, copieur, copieurs, laser, "
        "photocopieur",
        "switch": "switches, switchs, commutateur, commutateurs, networking, network equipment",
        "router": "routers, routeurs, box",
        "firewall": "firewalls, pare-feu, pare-feux, utm",
        "access-point": "access points, wifi access point, wi-fi access point, bornes wifi, borne wifi, "
        "borne wi-fi, ap",
        "nas": "stockage, baie de stockage, san, storages",
        "ups": "onduleurs, uninterruptible power supply",
        "dock": "docks, docking stations, stations d'accueil, dock usb, réplicateur de ports",
        "peripheral": "peripherals, périphériques, keyboard, keyboards, mouse, clavier, claviers, souris, "
        "webcam, webcams, scanner, scanners, projector, projecteur, vidéoprojecteur, "
        "vidéoprojecteurs, headset, casque, casques",
        "other": "autres, divers, misc, miscellaneous, various",
    }
)
CRITICALITY = spelled(
    {
        "1": "basse, faible, low",
        "2": "moyenne, normale, medium, normal",
        "3": "haute, élevée, forte, high",
        "4": "vitale, critique, très haute, majeure, vital, critical, very high",
    }
)
